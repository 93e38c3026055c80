"""What an extension adds to `/v1`."""

from collections.abc import Mapping, Sequence

from litestar.types import ControllerRouterHandler
from msgspec import Struct

from gateway.http.ahead import RawRoute
from gateway.http.operations import RawOperation

__all__ = ["Mounted"]


class Mounted(Struct, frozen=True, kw_only=True):
    """The routes of one extension under `/v1`.

    `handlers` are Litestar's, their paths below `/v1`. `raw` are hot routes by their whole path,
    which go ahead of the router and take a path even from the gateway's own; `operations` document
    them. `beside` are the methods that handlers have at the whole path of a hot route. Only at the
    whole paths of `sockets` is a WebSocket let through the guards.
    """

    handlers: Sequence[ControllerRouterHandler] = ()
    raw: Mapping[str, RawRoute] = {}
    sockets: Mapping[str, RawRoute] = {}
    operations: Sequence[RawOperation] = ()
    beside: Mapping[str, Sequence[str]] = {}
