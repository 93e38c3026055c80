"""The routes of `/v1`: the hot ones, and those that Litestar serves."""

from collections.abc import Sequence

from gateway.core.backend import Backend
from gateway.http.openai import chat, completions, embeddings
from gateway.http.openai.history import History
from gateway.http.openai.hot import Rules
from gateway.http.openai.keeping import Keeper
from gateway.http.openai.models import model_routes
from gateway.http.openai.mounting import Mounted, together

__all__ = ["openai_routes"]


def openai_routes(
    backend: Backend,
    rules: Rules,
    mounted: Sequence[Mounted] = (),
    keeper: Keeper | None = None,
    history: History | None = None,
) -> Mounted:
    """OpenAI's API over this backend, and what extensions add to it."""
    beside = [method for each in mounted for method in each.beside.get(chat.OPERATION.path, ())]
    chats = chat.ChatCompletions(backend, rules, keeper=keeper, history=history, beside=beside)
    own = Mounted(
        handlers=model_routes(backend),
        raw={
            chat.OPERATION.path: chats.serve,
            completions.OPERATION.path: completions.Completions(backend, rules).serve,
            embeddings.OPERATION.path: embeddings.Embeddings(backend, rules).serve,
        },
        operations=(chat.OPERATION, completions.OPERATION, embeddings.OPERATION),
    )
    return together([own, *mounted])
