"""`GET /api/v1/health`."""

import asyncio
from typing import Literal

from litestar import get
from litestar.config.app import AppConfig
from litestar.plugins import InitPlugin
from msgspec import Struct

from gateway.core.backend import Backend
from gateway.core.errors import Upstream
from gateway.http.extensions import extension_router

__all__ = ["Health", "StatusExtension"]

PROBE_SECONDS = 2


class Health(Struct, kw_only=True):
    """`ollama_connected` is the result of a live check of at most two seconds."""

    status: Literal["ok"] = "ok"
    ollama_connected: bool
    ollama_host: str
    version: str


class StatusExtension(InitPlugin):
    """Health over this backend; `ollama_host` is shown as it is, so it must hold no secret."""

    def __init__(self, backend: Backend, *, ollama_host: str, version: str) -> None:
        self._backend = backend
        self._ollama_host = ollama_host
        self._version = version

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        @get("/health", operation_id="health", summary="Is the gateway up, and is Ollama?")
        async def health() -> Health:
            """Always 200 while the gateway runs; a missing Ollama does not change the status."""
            return Health(
                ollama_connected=await self._connected(),
                ollama_host=self._ollama_host,
                version=self._version,
            )

        app_config.route_handlers.append(extension_router("", [health], tag="Status"))
        return app_config

    async def _connected(self) -> bool:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._backend.version()
        except (Upstream, TimeoutError):
            return False
        return True
