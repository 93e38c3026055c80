"""Helpers for tests, ours and yours: a backend that says what it is told, and a live server."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from litestar.types import ASGIApp
from msgspec import Raw

from gateway.core.errors import ModelNotFound
from gateway.core.events import Batch, ChatEvent
from gateway.core.models import Embeddings, ModelCard, ModelDetails
from gateway.core.requests import ChatRequest, CompletionRequest, EmbedRequest
from gateway.serving.server import GatewayServer, listen

__all__ = ["ScriptedBackend", "live_server"]


@asynccontextmanager
async def live_server(app: ASGIApp) -> AsyncGenerator[str, None]:
    """Serve an application on a free port of this machine, on the running loop; yields its URL."""
    async with GatewayServer(app, listen("127.0.0.1", 0), grace=1) as server:
        yield server.url


class ScriptedBackend:
    """A Backend that answers everybody with the same batches, and remembers what it was asked.

    A batch is a sequence of events; an exception in place of one is raised there; a float waits so
    many seconds. `left` is set once an answer was closed before its end.
    """

    def __init__(
        self,
        *script: Sequence[ChatEvent] | Exception | float,
        models: Sequence[str] = ("demo:latest",),
        capabilities: Sequence[str] | None = ("completion", "tools"),
    ) -> None:
        self.script = script
        self.requests: list[ChatRequest] = []
        self.completions: list[CompletionRequest] = []
        self.left = asyncio.Event()
        self._models = models
        self._capabilities = capabilities

    async def models(self) -> list[ModelCard]:
        modified = datetime(2026, 1, 2, tzinfo=UTC)
        return [ModelCard(name=name, modified_at=modified) for name in self._models]

    async def show(self, model: str) -> ModelDetails:
        if model not in self._models and f"{model}:latest" not in self._models:
            raise ModelNotFound(model)
        known = None if self._capabilities is None else frozenset(self._capabilities)
        return ModelDetails(name=model, capabilities=known)

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        self.requests.append(request)
        return self._play()

    def complete(self, request: CompletionRequest) -> AsyncGenerator[Batch, None]:
        self.completions.append(request)
        return self._play()

    async def _play(self) -> AsyncGenerator[Batch, None]:
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
            self.left.set()
            raise

    async def embed(self, request: EmbedRequest) -> Embeddings:
        return Embeddings(tuple(Raw(b"[1.0,0.0]") for _ in request.inputs), len(request.inputs))

    async def version(self) -> str:
        return "0.0.0"

    async def aclose(self) -> None: ...
