"""The hot routes, ahead of the router."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import ExitStack
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.http.leaving import WhileConnected

__all__ = ["Ahead", "RawRoute", "RawRoutes"]

HTTP: Final = ScopeType.HTTP
WEBSOCKET: Final = ScopeType.WEBSOCKET

RawRoute = Callable[[Scope, Receive, Send], Awaitable[None]]
RawRoutes = Mapping[str, RawRoute]
"""Raw ASGI applications by their exact path; each judges the method itself. A path that ends in a
slash stands for everything one level below, too."""


class Ahead:
    """Hands a request for one of these paths to its application, everything else to the router.
    A WebSocket has applications of its own.

    As `@asgi` handlers within Litestar they would cost 15 µs more a request. What they raise is
    rendered by the layer outside, like all that nobody caught. `beside` are methods, but for POST,
    that the router serves at the path of an application.
    """

    def __init__(
        self,
        routes: RawRoutes,
        router: ASGIApp,
        beside: Mapping[str, Collection[str]] = {},
        sockets: Mapping[str, RawRoute] = {},
    ) -> None:
        self._routes = routes
        self._sockets = sockets
        self._router = router
        self._beside = beside

    # A plain function, as in the guards.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == HTTP:
            path, method = scope["path"], scope["method"]
            raw = self._routes.get(path) or self._routes.get(path[: path.rfind("/") + 1])
            if raw and (method == "POST" or method not in self._beside.get(path, ())):
                return raw(scope, receive, send)
            match method:
                case "GET" | "DELETE":
                    return self._watched(scope, receive, send)
                case "PUT" | "PATCH":
                    return self._watched_later(scope, receive, send)
                case "POST" if path.startswith("/v1/"):  # those of `/api/v1` see to it themselves
                    return self._watched_later(scope, receive, send)
        elif scope["type"] == WEBSOCKET and (socket := self._sockets.get(scope["path"])):
            return socket(scope, receive, send)
        return self._router(scope, receive, send)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Nobody reads a body here, so the client can be watched from the start."""
        with WhileConnected(scope, receive):
            await self._router(scope, receive, send)

    async def _watched_later(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A change that waits for its turn must not be made after its client has given it up."""
        with ExitStack() as watching:

            async def received() -> Any:
                event = await receive()
                if event["type"] == "http.request" and not event.get("more_body"):
                    watching.enter_context(WhileConnected(scope, receive))
                return event

            await self._router(scope, received, send)
