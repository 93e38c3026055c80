"""How the application tells our server where it takes WebSockets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:  # the server listens before Litestar is there
    from litestar.types import Scope

__all__ = ["WEBSOCKETS", "announce_websockets"]

WEBSOCKETS = "mochi.websockets"
"""In the state of the ASGI lifespan: the paths, and the size of the largest message there."""


def announce_websockets(scope: Scope, paths: Iterable[str], limit: int) -> None:
    """Have upgrades taken at these paths; `limit` is in bytes. Anywhere else, an offer to upgrade
    is answered in plain HTTP."""
    lifespan = cast(dict[str, Any], scope)
    if lifespan["type"] == "lifespan" and "state" in lifespan:
        lifespan["state"][WEBSOCKETS] = dict.fromkeys(paths, limit)
