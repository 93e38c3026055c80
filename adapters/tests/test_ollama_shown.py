"""When `/api/show` is asked again, and when not."""

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.ollama.shown import ShownModels
from gateway.core.errors import BackendFailed
from gateway.core.models import ModelCard, ModelDetails


class Models:
    """Answers with the details of a model, counts, and fails or waits when told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failing = False
        self.open = asyncio.Event()
        self.open.set()

    async def show(self, model: str) -> ModelDetails:
        self.asked.append(model)
        await self.open.wait()
        if self.failing:
            raise BackendFailed("scripted")
        return ModelDetails(name=model, capabilities=None, context_length=len(self.asked))


def card(name: str, digest: str = "a", day: int = 1) -> ModelCard:
    return ModelCard(name=name, digest=digest, modified_at=datetime(2026, 1, day, tzinfo=UTC))


async def test_a_model_is_asked_about_once() -> None:
    models = Models()
    shown = ShownModels(models.show)
    assert await shown.get("demo") is await shown.get("demo")
    assert await shown.get("other") is not await shown.get("demo")
    assert models.asked == ["demo", "other"]


async def test_questions_at_the_same_time_share_one_call() -> None:
    models = Models()
    shown = ShownModels(models.show)
    first, second = await asyncio.gather(shown.get("demo"), shown.get("demo"))
    assert first is second
    assert models.asked == ["demo"]


async def test_the_call_goes_on_when_the_first_who_asked_leaves() -> None:
    models = Models()
    models.open.clear()
    shown = ShownModels(models.show)
    first, second = (asyncio.create_task(shown.get("demo")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    models.open.set()
    assert (await second).name == "demo"
    assert first.cancelled()
    assert models.asked == ["demo"]


async def test_failures_reach_everyone_and_are_not_kept() -> None:
    models = Models()
    models.failing = True
    shown = ShownModels(models.show)
    both = await asyncio.gather(shown.get("demo"), shown.get("demo"), return_exceptions=True)
    assert [type(error) for error in both] == [BackendFailed, BackendFailed]
    models.failing = False
    assert (await shown.get("demo")).name == "demo"
    assert models.asked == ["demo", "demo"]


@pytest.mark.parametrize("name", ["demo", "Demo:latest", "library/demo"])
@pytest.mark.parametrize("changed", [card("demo:latest", "b"), card("demo:latest", day=2)])
async def test_a_list_with_a_changed_model_drops_it(name: str, changed: ModelCard) -> None:
    models = Models()
    shown = ShownModels(models.show)
    shown.listed([card("demo:latest"), card("other")])
    await shown.get(name)
    await shown.get("other")
    shown.listed([card("demo:latest"), card("other")])
    await shown.get(name)
    assert models.asked == [name, "other"]
    shown.listed([changed, card("other")])
    await shown.get(name)
    await shown.get("other")
    assert models.asked == [name, "other", name]


async def test_a_model_that_left_the_list_is_dropped() -> None:
    models = Models()
    shown = ShownModels(models.show)
    shown.listed([card("demo")])
    await shown.get("demo")
    shown.listed([])
    await shown.get("demo")
    assert models.asked == ["demo", "demo"]


async def test_what_was_asked_before_any_list_is_asked_again_after_one() -> None:
    models = Models()
    shown = ShownModels(models.show)
    await shown.get("demo")
    shown.listed([card("demo")])
    await shown.get("demo")
    shown.listed([card("demo")])
    await shown.get("demo")
    assert models.asked == ["demo", "demo"]


async def test_all_spellings_of_a_name_share_what_is_known() -> None:
    models = Models()
    shown = ShownModels(models.show)
    spellings = ("demo", "DEMO:latest", "library/demo", "demo:8b", "someone/demo")
    assert [(await shown.get(name)).name for name in spellings] == list(spellings)
    assert models.asked == ["demo", "demo:8b", "someone/demo"]
    shown.forget("registry.ollama.ai/library/demo")
    models.asked.clear()
    for name in spellings:
        await shown.get(name)
    assert models.asked == ["demo"]


async def test_only_what_was_answered_is_known() -> None:
    models = Models()
    shown = ShownModels(models.show)
    assert shown.known("demo") is None
    models.open.clear()
    asking = asyncio.create_task(shown.get("demo"))
    await asyncio.sleep(0)
    assert shown.known("demo") is None
    models.open.set()
    assert await asking is shown.known("demo")
    assert getattr(shown.known("Demo:latest"), "name", None) == "Demo:latest"
    assert models.asked == ["demo"]


async def test_each_list_that_has_it_unchanged_keeps_it_for_another_minute() -> None:
    models, now = Models(), 0.0
    shown = ShownModels(models.show, clock=lambda: now)
    shown.listed([card("demo")])
    await shown.get("demo")
    now = 50
    shown.listed([card("demo")])
    now = 100
    await shown.get("demo")
    assert models.asked == ["demo"]
    now = 111
    await shown.get("demo")
    assert models.asked == ["demo", "demo"]


async def test_the_oldest_go_first() -> None:
    models = Models()
    shown = ShownModels(models.show)
    for n in range(1025):
        await shown.get(f"m{n}")
    models.asked.clear()
    await shown.get("m1")
    await shown.get("m1024")
    await shown.get("m0")
    assert models.asked == ["m0"]
