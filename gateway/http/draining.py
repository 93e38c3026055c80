"""What has to be known as soon as the server is to stop, while answers may still finish."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the server listens before Litestar is there
    from litestar.types import Scope

__all__ = ["DRAINING", "when_draining", "while_draining"]

DRAINING = "mochi.draining"
"""An ASGI extension of our server: a set of functions to call when it begins to stop. It lets
answers finish, but nobody can make a new request any more."""


def when_draining(scope: Scope, call: Callable[[], None]) -> None:
    """Call this, once, when the server begins to stop; another server than ours never does."""
    extensions: Mapping[str, Any] = scope.get("extensions") or {}
    if DRAINING in extensions:
        extensions[DRAINING].add(call)


@contextmanager
def while_draining(scope: Scope, call: Callable[[], None]) -> Generator[None, None, None]:
    """Call this if the server begins to stop while what stands inside is at work."""
    extensions: Mapping[str, Any] = scope.get("extensions") or {}
    calls: set[Callable[[], None]] = extensions.get(DRAINING, set())
    calls.add(call)
    try:
        yield
    finally:
        calls.discard(call)
