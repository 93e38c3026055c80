"""The health of the gateway, and of the Ollama behind it."""

import asyncio

import msgspec
import pytest
from litestar import Litestar

from extensions.sessions.service import Sessions
from extensions.sessions.tests.kept import MemorySessionStore
from extensions.status import routes
from extensions.status.routes import About, StatusExtension
from gateway.core.errors import BackendUnreachable
from gateway.testing import ScriptedBackend
from gateway.tests.asgi import call


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Away(ScriptedBackend):
    async def version(self) -> str:
        raise BackendUnreachable("Nobody listens.")


class Silent(ScriptedBackend):
    async def version(self) -> str:
        await asyncio.sleep(60)
        return "never"


async def health(backend: ScriptedBackend) -> object:
    about = About(ollama_host="http://box:11434", version="1.2.3")
    extension = StatusExtension(backend, Sessions(MemorySessionStore()), about)
    app = Litestar(plugins=[extension], logging_config=None)
    answer = await call(app, path="/api/v1/health")
    assert answer.status == 200
    return msgspec.json.decode(answer.body)


async def test_a_running_ollama() -> None:
    assert await health(ScriptedBackend()) == {
        "status": "ok",
        "ollama_connected": True,
        "ollama_host": "http://box:11434",
        "version": "1.2.3",
    }


@pytest.mark.parametrize("backend", [Away(), Silent()])
async def test_a_missing_ollama_does_not_change_the_status(
    backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "PROBE_SECONDS", 0.05)
    assert msgspec.convert(await health(backend), dict)["ollama_connected"] is False
