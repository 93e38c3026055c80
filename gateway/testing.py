"""For tests, ours and yours: a backend that says what it is told."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime

from gateway.core.errors import ModelNotFound
from gateway.core.events import Batch, ChatEvent
from gateway.core.models import Embeddings, ModelCard, ModelDetails
from gateway.core.requests import ChatRequest, EmbedRequest

__all__ = ["ScriptedBackend"]


class ScriptedBackend:
    """A Backend that answers every chat with the same batches, and remembers what it was asked.

    A batch is a sequence of events; an exception in place of one is raised there; a float waits so
    many seconds. `closed` counts the chats that were left before their end.
    """

    def __init__(
        self,
        *script: Sequence[ChatEvent] | Exception | float,
        models: Sequence[str] = ("demo:latest",),
    ) -> None:
        self.script = script
        self.requests: list[ChatRequest] = []
        self.closed = 0
        self._models = models

    async def models(self) -> list[ModelCard]:
        modified = datetime(2026, 1, 2, tzinfo=UTC)
        return [ModelCard(name=name, modified_at=modified) for name in self._models]

    async def show(self, model: str) -> ModelDetails:
        if model not in self._models:
            raise ModelNotFound(model)
        return ModelDetails(name=model, capabilities=frozenset({"completion", "tools"}))

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        self.requests.append(request)
        try:
            for step in self.script:
                match step:
                    case float(seconds):
                        await asyncio.sleep(seconds)
                    case Exception():
                        raise step
                    case batch:
                        yield batch
        except (GeneratorExit, asyncio.CancelledError):
            self.closed += 1
            raise

    async def embed(self, request: EmbedRequest) -> Embeddings:
        return Embeddings(tuple((1.0, 0.0) for _ in request.inputs))

    async def version(self) -> str:
        return "0.0.0"

    async def aclose(self) -> None: ...
