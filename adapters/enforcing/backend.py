"""A Backend that makes another one keep to what was asked."""

from collections.abc import AsyncGenerator

from adapters.enforcing.calls import ToolChat
from adapters.enforcing.formats import FormattedChat
from gateway.core.backend import Backend
from gateway.core.events import Batch
from gateway.core.models import Embeddings, ModelCard, ModelDetails
from gateway.core.requests import AnyText, ChatRequest, EmbedRequest

__all__ = ["EnforcingBackend"]


class EnforcingBackend:
    """Tool choices and formats are enforced, with at most `retries` further questions a chat.

    A chat that demands nothing of the kind is the inner backend's own.
    """

    def __init__(self, backend: Backend, *, retries: int = 3) -> None:
        self._backend = backend
        self._retries = retries

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """`InvalidAnswer` when the model cannot be brought to what is demanded."""
        if request.tools and request.tool_choice != "none":
            return ToolChat(self._backend, request, self._retries).batches()
        wanted = request.response_format
        if isinstance(wanted, AnyText):
            return self._backend.chat(request)
        return FormattedChat(self._backend, request, wanted, self._retries).batches()

    async def models(self) -> list[ModelCard]:
        return await self._backend.models()

    async def show(self, model: str) -> ModelDetails:
        return await self._backend.show(model)

    async def embed(self, request: EmbedRequest) -> Embeddings:
        return await self._backend.embed(request)

    async def version(self) -> str:
        return await self._backend.version()

    async def aclose(self) -> None:
        await self._backend.aclose()
