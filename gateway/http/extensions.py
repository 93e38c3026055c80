"""What every extension's routes have in common."""

from collections.abc import Sequence
from typing import Any

from litestar import Router

__all__ = ["extension_router"]


def extension_router(path: str, handlers: Sequence[Any], *, tag: str) -> Router:
    """The routes of an extension, at `/api/v1` and its own path, under a tag of their own."""
    return Router(f"/api/v1{path}", route_handlers=handlers, tags=[tag])
