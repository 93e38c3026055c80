# ruff: noqa: UP045 -- this spelling is what the SDK fails on
"""A tool whose annotations are text, in a module of its own as its users have it."""

from __future__ import annotations

from typing import Literal, Optional, TypedDict

__all__ = ["tool"]


class Own(TypedDict):
    """Own."""

    n: int


def tool(a: int, b: Optional[list[str]], c: Literal["x", "a"] | None = None, *, d: Own) -> Own:
    """Do.

    Args:
        a: first
        b: second
    """
    return d
