"""How many requests may wait for Ollama."""

from gateway.core.errors import Overloaded
from gateway.core.notes import Notes

__all__ = ["Queue"]


class Queue:
    """Requests from when Ollama is asked until it begins to answer; it says nothing before.

    A request is known by its notes: it is one however many choices it has, and what was let in once
    may ask again.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: dict[int, int] = {}

    def join(self, notes: Notes) -> None:
        """`Overloaded` when there are too many others."""
        key = id(notes)
        known = self._waiting.get(key, 0)
        if not known and len(self._waiting) >= self._limit and not notes.retries:
            raise Overloaded(f"Too many requests are waiting for Ollama already ({self._limit}).")
        self._waiting[key] = known + 1

    def leave(self, notes: Notes) -> None:
        key = id(notes)
        self._waiting[key] -= 1
        if not self._waiting[key]:
            del self._waiting[key]
