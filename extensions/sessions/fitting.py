"""Values of files that other programs write, too: what they are if they fit, else a default."""

from typing import Annotated, Any, TypeVar

from msgspec import Meta

from extensions.sessions.clock import normal_time

__all__ = ["Tokens", "fitting", "texts", "time_from", "tokens_from"]

T = TypeVar("T")
Default = TypeVar("Default")

MOST_TOKENS = 2**31 - 1
"""Ollama refuses a larger `num_ctx`."""

Tokens = Annotated[int, Meta(ge=0, le=MOST_TOKENS)]


def fitting(found: Any, kind: type[T], otherwise: Default) -> T | Default:
    """The value if it is of this kind."""
    return found if isinstance(found, kind) else otherwise


def tokens_from(found: Any) -> int | None:
    return found if type(found) is int and 0 <= found <= MOST_TOKENS else None


def time_from(found: Any, otherwise: str) -> str:
    return normal_time(found, otherwise) if isinstance(found, str) else otherwise


def texts(found: Any) -> tuple[str, ...]:
    """Those entries of a list that are texts."""
    return tuple([text for text in fitting(found, list, ()) if isinstance(text, str)])
