"""Which path answers which method, and what is said of all others."""

from collections.abc import Awaitable, Callable

from adapters.simulator import embedding, generating, library, pages
from adapters.simulator.delivery import refuse
from adapters.simulator.guards import admitted
from adapters.simulator.http import Exchange
from adapters.simulator.refusals import Refused
from adapters.simulator.state import State

__all__ = ["answer"]

Handler = Callable[[State, Exchange], Awaitable[None]]

# the methods in the order in which `Allow` names them
_ROUTES: dict[str, dict[str, Handler]] = {
    "/": {"HEAD": pages.root, "GET": pages.root},
    "/api/version": {"HEAD": pages.version, "GET": pages.version},
    "/api/tags": {"HEAD": pages.tags, "GET": pages.tags},
    "/api/status": {"GET": pages.status},
    "/api/ps": {"GET": pages.ps},
    "/api/show": {"POST": pages.show},
    "/api/chat": {"POST": generating.chat},
    "/api/generate": {"POST": generating.generate},
    "/api/embed": {"POST": embedding.embed},
    "/api/embeddings": {"POST": embedding.embeddings},
    "/api/pull": {"POST": library.pull},
    "/api/push": {"POST": library.push},
    "/api/create": {"POST": library.create},
    "/api/copy": {"POST": library.copy},
    "/api/delete": {"DELETE": library.delete},
}
_BLOB: dict[str, Handler] = {"HEAD": library.head_blob, "POST": library.create_blob}
_NOTHING: dict[str, Handler] = {}


async def answer(state: State, exchange: Exchange, *, local: bool) -> None:
    request = exchange.request
    methods = _methods(request.path.partition("?")[0])
    allow = ", ".join(methods)
    if not admitted(exchange, allow, local=local):
        return
    handler = methods.get(request.method)
    if handler is not None:
        await _handled(state, exchange, handler)
    elif methods:
        exchange.whole(b"405 method not allowed", 405, "text/plain", ("Allow", allow))
    else:
        exchange.whole(b"404 page not found", 404, "text/plain")


def _methods(path: str) -> dict[str, Handler]:
    if path.startswith("/api/blobs/") and path.count("/") == 3:
        return _BLOB
    return _ROUTES.get(path, _NOTHING)


async def _handled(state: State, exchange: Exchange, handler: Handler) -> None:
    try:
        await handler(state, exchange)
    except Refused as refused:
        refuse(exchange, refused, stream=False)
