"""Cards from the list, completed with what `/api/show` says, and never waiting for it for long."""

import asyncio
from datetime import UTC, datetime

import msgspec

from adapters.ollama.described import DescribedCards
from adapters.ollama.shown import ShownModels
from gateway.core.errors import BackendFailed
from gateway.core.models import ModelCard, ModelDetails

LISTED = ModelCard(
    name="demo:latest",
    modified_at=datetime(2026, 1, 2, tzinfo=UTC),
    context_length=1024,
    capabilities=frozenset({"completion"}),
)
SHOWN = msgspec.structs.replace(
    LISTED, context_length=2048, capabilities=frozenset({"completion", "tools"})
)


class Ollama:
    """Shows `SHOWN` under every name once its gate is open, and counts who waits there."""

    def __init__(self, *, opened: bool = True, failing: bool = False) -> None:
        self.asked: list[str] = []
        self.waiting = self.most = 0
        self.failing = failing
        self.gate = asyncio.Event()
        if opened:
            self.gate.set()

    async def show(self, model: str) -> ModelDetails:
        self.asked.append(model)
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        try:
            await self.gate.wait()
        finally:
            self.waiting -= 1
        if self.failing:
            raise BackendFailed("scripted")
        return ModelDetails(name=model, capabilities=SHOWN.capabilities, context_length=2048)


def cards(ollama: Ollama, patience: float = 0.01) -> DescribedCards:
    return DescribedCards(ShownModels(ollama.show), patience=patience)


async def test_what_is_shown_wins_over_what_is_listed() -> None:
    ollama = Ollama()
    described = cards(ollama)
    assert await described.complete([LISTED]) == [SHOWN]
    assert await described.complete([LISTED]) == [SHOWN]
    assert ollama.asked == ["demo:latest"]


async def test_what_is_not_shown_stays_as_it_is_listed() -> None:
    async def show(model: str) -> ModelDetails:
        return ModelDetails(name=model, capabilities=None)

    assert await DescribedCards(ShownModels(show)).complete([LISTED]) == [LISTED]


async def test_a_late_answer_is_there_the_next_time(nothing_left: None) -> None:
    ollama = Ollama(opened=False)
    described = cards(ollama)
    assert await described.complete([LISTED]) == [LISTED]
    ollama.gate.set()
    await asyncio.sleep(0.01)
    assert await described.complete([LISTED]) == [SHOWN]
    assert ollama.asked == ["demo:latest"]


async def test_a_list_waits_no_second_time_for_the_same_silence() -> None:
    ollama = Ollama(opened=False)
    described = cards(ollama, patience=0.05)
    await described.complete([LISTED])
    began = asyncio.get_running_loop().time()
    assert await described.complete([LISTED]) == [LISTED]
    assert asyncio.get_running_loop().time() - began < 0.04
    await described.aclose()


async def test_lists_at_the_same_time_wait_for_the_same_answers() -> None:
    ollama = Ollama(opened=False)
    described = cards(ollama, patience=5)
    lists = [asyncio.create_task(described.complete([LISTED])) for _ in range(3)]
    await asyncio.sleep(0.01)
    ollama.gate.set()
    assert await asyncio.gather(*lists) == [[SHOWN]] * 3
    assert ollama.asked == ["demo:latest"]


async def test_a_failure_is_asked_about_again() -> None:
    ollama = Ollama(failing=True)
    described = cards(ollama)
    assert await described.complete([LISTED]) == [LISTED]
    ollama.failing = False
    assert await described.complete([LISTED]) == [SHOWN]


async def test_eight_are_asked_about_at_a_time() -> None:
    ollama = Ollama(opened=False)
    described = cards(ollama)
    many = [msgspec.structs.replace(LISTED, name=f"m{n}:latest") for n in range(20)]
    await described.complete(many)
    assert (ollama.waiting, len(ollama.asked)) == (8, 8)
    ollama.gate.set()
    await asyncio.sleep(0.02)
    assert len(ollama.asked) == 20
    assert {card.context_length for card in await described.complete(many)} == {2048}


async def test_nobody_asks_on_after_the_end(nothing_left: None) -> None:
    ollama = Ollama(opened=False)
    described = cards(ollama)
    many = [msgspec.structs.replace(LISTED, name=f"m{n}:latest") for n in range(20)]
    await described.complete(many)
    await described.aclose()
    assert (ollama.waiting, len(ollama.asked)) == (0, 8)
