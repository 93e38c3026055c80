"""What is served under `/v1`, by the gateway itself and by its extensions."""

from collections.abc import Iterable, Mapping, Sequence

from litestar.types import ControllerRouterHandler
from msgspec import Struct

from gateway.http.ahead import RawRoute
from gateway.http.operations import RawOperation

__all__ = ["Mounted", "together"]


class Mounted(Struct, frozen=True, kw_only=True):
    """Routes under `/v1`.

    `handlers` are Litestar's, their paths below `/v1`. `raw` are hot routes by their whole path,
    which go ahead of the router; `operations` document them. `beside` are the methods that handlers
    have at the whole path of a hot route. Only at the whole paths of `sockets` is a WebSocket let
    through the guards.
    """

    handlers: Sequence[ControllerRouterHandler] = ()
    raw: Mapping[str, RawRoute] = {}
    sockets: Mapping[str, RawRoute] = {}
    operations: Sequence[RawOperation] = ()
    beside: Mapping[str, Sequence[str]] = {}


def together(parts: Iterable[Mounted]) -> Mounted:
    """All of them as one. A later part takes a path even from those before it."""
    parts = list(parts)
    return Mounted(
        handlers=[handler for each in parts for handler in each.handlers],
        raw={path: raw for each in parts for path, raw in each.raw.items()},
        sockets={path: raw for each in parts for path, raw in each.sockets.items()},
        operations=[operation for each in parts for operation in each.operations],
        beside={path: methods for each in parts for path, methods in each.beside.items()},
    )
