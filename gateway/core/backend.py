"""The seam between the gateway and whatever runs the models."""

from collections.abc import AsyncGenerator
from typing import Protocol, runtime_checkable

from gateway.core.events import Batch
from gateway.core.models import Embeddings, ModelCard, ModelDetails
from gateway.core.requests import ChatRequest, CompletionRequest, EmbedRequest

__all__ = ["Backend"]


@runtime_checkable
class Backend(Protocol):
    """A source of models.

    Every method raises errors of `gateway.core.errors` and nothing else. Routing, caching and
    limits are classes that take a Backend and are a Backend.
    """

    async def models(self) -> list[ModelCard]:
        """The models that are there, in the backend's order."""
        ...

    async def show(self, model: str) -> ModelDetails:
        """What one model can do; `ModelNotFound` when it is not there."""
        ...

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """Answer, batch by batch. Nothing is sent before the first iteration.

        The last event of the last batch is `Finished`; a stream that cannot end so raises. Closing
        the generator ends the work upstream.
        """
        ...

    def complete(self, request: CompletionRequest) -> AsyncGenerator[Batch, None]:
        """Continue a text, on the terms of `chat`.

        The events are `TextDelta`, and `Finished` at the end: all that the model writes is text
        here, its reasoning included.
        """
        ...

    async def embed(self, request: EmbedRequest) -> Embeddings:
        """One vector per input."""
        ...

    async def version(self) -> str:
        """The backend's version; also the health probe."""
        ...

    async def aclose(self) -> None:
        """Close every connection. Running streams end with an error."""
        ...
