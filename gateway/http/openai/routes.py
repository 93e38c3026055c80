"""The routes of `/v1`: the hot ones, and those that Litestar serves."""

from litestar import Router

from gateway.core.backend import Backend
from gateway.http.ahead import RawRoutes
from gateway.http.openai import chat, completions, embeddings
from gateway.http.openai.hot import Rules
from gateway.http.openai.models import model_routes

__all__ = ["OPERATIONS", "openai_routes"]

OPERATIONS = (chat.OPERATION, completions.OPERATION, embeddings.OPERATION)


def openai_routes(backend: Backend, rules: Rules) -> tuple[Router, RawRoutes]:
    """OpenAI's API over this backend: the router, and the hot routes that go ahead of it."""
    router = Router("/v1", route_handlers=model_routes(backend), tags=["OpenAI"])
    return router, {
        chat.OPERATION.path: chat.ChatCompletions(backend, rules).serve,
        completions.OPERATION.path: completions.Completions(backend, rules).serve,
        embeddings.OPERATION.path: embeddings.Embeddings(backend, rules).serve,
    }
