"""`/api/v1/health`, the models, and how a session stands."""

import asyncio
from typing import Literal

from litestar import get
from litestar.config.app import AppConfig
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.plugins import InitPlugin
from msgspec import Struct

from extensions.sessions.service import Sessions
from extensions.status.models import InstalledModel, chat_models, model_named
from extensions.status.session import SessionStatus, active_tools, longest_context, status_of
from extensions.tools.tool import Toolbox
from gateway.core.backend import Backend
from gateway.core.errors import Upstream
from gateway.http.extensions import error_responses, extension_router

__all__ = ["About", "Health", "StatusExtension"]

PROBE_SECONDS = 2

OLLAMA = {502: "Ollama cannot be reached, or it failed."}


class Health(Struct, kw_only=True):
    """`ollama_connected` is the result of a live check of at most two seconds."""

    status: Literal["ok"] = "ok"
    ollama_connected: bool
    ollama_host: str
    version: str


class InstalledModels(Struct, frozen=True):
    models: list[InstalledModel]


class About(Struct, frozen=True, kw_only=True):
    """What the gateway says of itself. `ollama_host` must hold no secret; `dynamic_window` is
    whether sessions may choose their context window by need."""

    ollama_host: str
    version: str
    dynamic_window: bool = True


class StatusExtension(InitPlugin):
    """Health and models of this backend, and the status of these sessions with these tools."""

    def __init__(
        self, backend: Backend, sessions: Sessions, toolbox: Toolbox, about: About
    ) -> None:
        self._backend = backend
        self._sessions = sessions
        self._toolbox = toolbox
        self._shown = about

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        router = extension_router(
            "",
            HANDLERS,
            tag="Status",
            backend=self._backend,
            sessions=self._sessions,
            toolbox=self._toolbox,
            about=self._shown,
        )
        app_config.route_handlers.append(router)
        return app_config


@get("/health", operation_id="health", summary="Is the gateway up, and is Ollama?")
async def health(backend: NamedDependency[Backend], about: NamedDependency[About]) -> Health:
    """Always 200 while the gateway runs; a missing Ollama does not change the status."""
    return Health(
        ollama_connected=await connected(backend),
        ollama_host=about.ollama_host,
        version=about.version,
    )


async def connected(backend: Backend) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await backend.version()
    except (Upstream, TimeoutError):
        return False
    return True


@get(
    "/models",
    operation_id="listChatModels",
    summary="List the models that can chat",
    responses=error_responses(OLLAMA),
)
async def list_models(backend: NamedDependency[Backend]) -> InstalledModels:
    """In Ollama's order. A model that cannot be asked what it can do is left out."""
    return InstalledModels(await chat_models(backend))


@get(
    "/models/{name:path}",
    operation_id="describeModel",
    summary="Describe a model",
    responses=error_responses({404: "There is no such model."} | OLLAMA),
)
async def describe_model(name: FromPath[str], backend: NamedDependency[Backend]) -> InstalledModel:
    """Any model, by a name that may hold `/` and `:`."""
    return await model_named(backend, name.removeprefix("/"))


@get(
    "/sessions/{session_id:str}/status",
    operation_id="sessionStatus",
    summary="How a session stands",
    responses=error_responses({404: "There is no such session."}),
)
async def session_status(
    session_id: FromPath[str],
    sessions: NamedDependency[Sessions],
    backend: NamedDependency[Backend],
    toolbox: NamedDependency[Toolbox],
    about: NamedDependency[About],
) -> SessionStatus:
    """Its window, tools, agents and prompt. It answers without Ollama, too."""
    session = await sessions.get(session_id)
    return status_of(
        session,
        tools=await active_tools(toolbox, session),
        dynamic_window=about.dynamic_window,
        max_context=await longest_context(backend, session.model),
    )


HANDLERS = (health, list_models, describe_model, session_status)
