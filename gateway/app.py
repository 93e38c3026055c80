"""The ASGI application: routes, error rendering, documents, and the guards in front."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any

from litestar import HttpMethod, Litestar, Request, Response, Router, route
from litestar.exceptions import HTTPException
from litestar.plugins import InitPlugin, PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import ASGIApp
from msgspec.structs import replace

from gateway.core.backend import Backend
from gateway.core.errors import InvalidRequest, MethodNotAllowed, RouteNotFound, TooLarge
from gateway.core.metrics import Metrics
from gateway.http.ahead import Ahead
from gateway.http.errors import log_failure, render
from gateway.http.guards import GuardRules, Guards
from gateway.http.metrics.route import metrics_route, settled
from gateway.http.ollama import OllamaRoutes
from gateway.http.openai.history import History
from gateway.http.openai.hot import Rules
from gateway.http.openai.keeping import Keeper
from gateway.http.openai.mounting import Mounted
from gateway.http.openai.routes import openai_routes
from gateway.http.pages import GREETING, OLLAMAS_GREETING, Pages
from gateway.http.request_log import LogRequest, log_as_record
from gateway.http.requests import Requests, note_error

__all__ = ["create_app"]


def create_app(
    backend: Backend,
    *,
    extensions: Sequence[InitPlugin] = (),
    mounted: Sequence[Mounted] = (),
    history: History | None = None,
    keeper: Keeper | None = None,
    guards: GuardRules,
    rules: Rules | None = None,
    ollama: OllamaRoutes | None = None,
    documents: bool = True,
    metrics: Metrics | None = None,
    metrics_shown: bool = True,
    log_request: LogRequest = log_as_record,
) -> ASGIApp:
    """The gateway over this backend, which it closes when it ends, as it does `ollama`: Ollama's
    own routes, if there shall be some. What `extensions` add to `/v1` is `mounted`; the `keeper`
    has the chat completions that are to be kept, `history` the sessions that they may join.

    What the backend and the extensions count is in `metrics`, and `/metrics` shows it if it is
    `metrics_shown`. `documents` shows the OpenAPI document and the page for it. A request passes
    the layers in the order of the last lines: its id, the guards, the hot routes, and Litestar for
    everything else.
    """
    metrics = metrics or Metrics()
    rules = rules or Rules(counts=metrics.noted)
    openai = openai_routes(backend, rules, mounted, keeper, history)
    hot, operations = openai.raw, openai.operations
    closed: list[AbstractAsyncContextManager[Any]] = [aclosing(backend)]
    if ollama:
        hot = {**hot, **ollama.raw}
        operations = [*operations, *ollama.operations]
        closed.append(aclosing(ollama))
    pages = Pages(
        operations,
        shown=documents,
        keyed=bool(guards.api_key),
        greeting=OLLAMAS_GREETING if ollama else GREETING,
    )
    metrics.noted.fields = frozenset(
        field.name for each in operations for field in each.fields or ()
    )
    litestar = LeanLitestar(
        route_handlers=[
            health,
            Router("/v1", route_handlers=openai.handlers, tags=["OpenAI"]),
            *([metrics_route(metrics)] if metrics_shown else []),
        ],
        plugins=[*extensions, pages],
        exception_handlers={Exception: answer_error},
        lifespan=[settled(metrics), *closed],
        logging_config=None,
        request_max_body_size=guards.max_other_body,
    )
    guards = replace(guards, websockets=(*guards.websockets, *openai.sockets))
    app = Guards(Ahead(hot, litestar, openai.beside, openai.sockets), guards)
    routes = hot.keys() | openai.sockets
    return Requests(app, metrics, routes=routes, log_request=log_request)


class LeanLitestar(Litestar):
    """Litestar without its plugins for pydantic and attrs: ours are msgspec structs.

    Importing pydantic for a plugin that never acts costs 0.1 s of every start and 8 MiB.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


@route(
    "/health",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    include_in_schema=False,
    sync_to_thread=False,
)
def health() -> dict[str, str]:
    """For probes: open to everybody, and telling nothing."""
    return {"status": "ok"}


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Every error of every route; Litestar's own become ours first."""
    path = request.scope["path"]
    ours = translated(request, error) if isinstance(error, HTTPException) else error
    log_failure(repr(path), ours)
    note_error(request.scope, ours)
    status, headers, body = render(path, ours)
    return Response(
        body,
        status_code=status,
        headers={name.decode(): value.decode("latin-1") for name, value in headers},
    )


def translated(request: Request[Any, Any, Any], error: HTTPException) -> Exception:
    """What Litestar raises by itself: no such route, wrong method, a body that is too large."""
    method, path = request.scope["method"], request.scope["path"]
    if error.status_code == 404:
        return RouteNotFound(f"Invalid URL ({method} {path})")
    if error.status_code == 405:
        allow = (error.headers or {}).get("allow", "")
        return MethodNotAllowed(f"{method} is not allowed on {path}.", tuple(allow.split(", ")))
    if error.status_code == 413:
        return TooLarge(request.route_handler.resolve_request_max_body_size() or 0)
    return InvalidRequest(error.detail) if error.status_code < 500 else error
