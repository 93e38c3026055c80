"""The list of models while Ollama does not answer."""

import asyncio

import pytest

from gateway.app import create_app
from gateway.core.errors import (
    BackendBusy,
    BackendFailed,
    BackendTimeout,
    BackendUnreachable,
    MochiError,
)
from gateway.core.models import ModelCard
from gateway.http.guards import GuardRules
from gateway.http.openai.remembered import KnownModels, RememberedModels
from gateway.testing import ScriptedBackend
from gateway.tests.asgi import ask

AWAY = [BackendUnreachable("Nobody listens."), BackendTimeout("It is silent.")]
SPOKE = [BackendFailed("It broke."), BackendBusy("It is busy.")]


class Fickle(ScriptedBackend):
    """Raises `trouble` while there is some, and is silent for `pause` seconds before."""

    trouble: MochiError | None = None
    pause = 0.0

    async def models(self) -> list[ModelCard]:
        await asyncio.sleep(self.pause)
        if self.trouble:
            raise self.trouble
        return await super().models()


@pytest.mark.parametrize("trouble", AWAY)
async def test_the_last_list_stands_in_while_nobody_answers(trouble: MochiError) -> None:
    backend, now = Fickle(), 100.0
    models = RememberedModels(backend, clock=lambda: now)
    cards = (await models.get()).cards
    backend.trouble, now = trouble, 107.0
    assert await models.get() == KnownModels(cards, 7.0)
    backend.trouble = None
    assert await models.get() == KnownModels(cards)


@pytest.mark.parametrize("trouble", [*AWAY, *SPOKE])
async def test_what_was_never_known_is_not_made_up(trouble: MochiError) -> None:
    backend = Fickle()
    backend.trouble = trouble
    with pytest.raises(type(trouble)):
        await RememberedModels(backend).get()


@pytest.mark.parametrize("trouble", SPOKE)
async def test_what_ollama_itself_says_is_not_hidden(trouble: MochiError) -> None:
    backend = Fickle()
    models = RememberedModels(backend)
    await models.get()
    backend.trouble = trouble
    with pytest.raises(type(trouble)):
        await models.get()


async def test_a_silent_ollama_is_not_waited_for_where_something_is_known() -> None:
    backend = Fickle()
    models = RememberedModels(backend, patience=0.01)
    backend.pause = 0.02
    assert (await models.get()).age is None
    assert (await models.get()).age is not None


async def test_both_routes_tell_how_old_their_answer_is() -> None:
    backend = Fickle()
    app = create_app(backend, guards=GuardRules())
    fresh = await ask(app=app)
    backend.trouble = AWAY[0]
    stale = await ask(app=app)
    assert (fresh["x-mochi-stale"], stale["x-mochi-stale"]) == (None, "0")
    assert (stale.status, stale.body) == (200, fresh.body)
    one = await ask(app=app, path="/v1/models/demo")
    assert (one.status, one["x-mochi-stale"]) == (200, "0")
    missing = await ask(app=app, path="/v1/models/nobody")
    assert (missing.status, missing.error["code"]) == (404, "model_not_found")
