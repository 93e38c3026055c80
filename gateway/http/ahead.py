"""The hot routes, ahead of the router."""

from collections.abc import Awaitable, Callable, Mapping

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.http.leaving import WhileConnected

__all__ = ["Ahead", "RawRoutes"]

RawRoutes = Mapping[str, Callable[[Scope, Receive, Send], Awaitable[None]]]
"""Raw ASGI applications by their exact path; each judges the method itself. A path that ends in a
slash stands for everything one level below, too."""


class Ahead:
    """Hands a request for one of these paths to its application, everything else to the router.

    As `@asgi` handlers within Litestar they would cost 15 µs more a request. What they raise is
    rendered by the layer outside, like all that nobody caught.
    """

    def __init__(self, routes: RawRoutes, router: ASGIApp) -> None:
        self._routes = routes
        self._router = router

    # A plain function, as in the guards.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == ScopeType.HTTP:
            path = scope["path"]
            if raw := self._routes.get(path) or self._routes.get(path[: path.rfind("/") + 1]):
                return raw(scope, receive, send)
            if scope["method"] == "GET":
                return self._watched(scope, receive, send)
        return self._router(scope, receive, send)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A GET has no body to receive first, so it can be watched from its start."""
        with WhileConnected(scope, receive):
            await self._router(scope, receive, send)
