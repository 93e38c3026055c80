"""What every Backend around another Backend has in common."""

from collections.abc import AsyncGenerator

from gateway.core.backend import Backend
from gateway.core.events import Batch
from gateway.core.models import Embeddings, ModelCard, ModelDetails
from gateway.core.requests import ChatRequest, CompletionRequest, EmbedRequest

__all__ = ["BackendWrapper"]


class BackendWrapper:
    """The inner backend in every way; a subclass changes what it is for.

    `chat` and `complete` are plain functions: what a wrapper has nothing to do with costs it no
    generator of its own for every batch.
    """

    def __init__(self, backend: Backend) -> None:
        self._inner = backend

    async def models(self) -> list[ModelCard]:
        return await self._inner.models()

    async def show(self, model: str) -> ModelDetails:
        return await self._inner.show(model)

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        return self._inner.chat(request)

    def complete(self, request: CompletionRequest) -> AsyncGenerator[Batch, None]:
        return self._inner.complete(request)

    async def embed(self, request: EmbedRequest) -> Embeddings:
        return await self._inner.embed(request)

    async def version(self) -> str:
        return await self._inner.version()

    async def aclose(self) -> None:
        await self._inner.aclose()
