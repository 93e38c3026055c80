"""The routes of `/v1`: the hot ones, and those that Litestar serves."""

from collections.abc import Sequence

from litestar import Router

from gateway.core.backend import Backend
from gateway.http.ahead import RawRoutes
from gateway.http.openai import chat, completions, embeddings
from gateway.http.openai.history import History
from gateway.http.openai.hot import Rules
from gateway.http.openai.keeping import Keeper
from gateway.http.openai.models import model_routes
from gateway.http.openai.mounting import Mounted

__all__ = ["OPERATIONS", "openai_routes"]

OPERATIONS = (chat.OPERATION, completions.OPERATION, embeddings.OPERATION)


def openai_routes(
    backend: Backend,
    rules: Rules,
    mounted: Sequence[Mounted] = (),
    keeper: Keeper | None = None,
    history: History | None = None,
) -> tuple[Router, RawRoutes]:
    """OpenAI's API over this backend, and what extensions add to it: the router, and the hot routes
    that go ahead of it."""
    handlers = [*model_routes(backend), *(handler for each in mounted for handler in each.handlers)]
    router = Router("/v1", route_handlers=handlers, tags=["OpenAI"])
    beside = [method for each in mounted for method in each.beside.get(chat.OPERATION.path, ())]
    chats = chat.ChatCompletions(backend, rules, keeper=keeper, history=history, beside=beside)
    return router, {
        chat.OPERATION.path: chats.serve,
        completions.OPERATION.path: completions.Completions(backend, rules).serve,
        embeddings.OPERATION.path: embeddings.Embeddings(backend, rules).serve,
        **{path: raw for each in mounted for path, raw in each.raw.items()},
    }
