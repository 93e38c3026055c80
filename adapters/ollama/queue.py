"""How many requests may wait for Ollama."""

from gateway.core.errors import Overloaded
from gateway.core.notes import Notes

__all__ = ["Queue"]


class Queue:
    """Requests from when Ollama is asked until it begins to answer; it says nothing before.

    It stands in the notes of a request, which is one however many choices it has; and what was let
    in once may ask again.
    """

    def __init__(self, limit: int) -> None:
        self.waiting = 0
        self.refused = 0
        self._limit = limit

    def join(self, notes: Notes) -> None:
        """`Overloaded` when there are too many others."""
        if not notes.waiting:
            if self.waiting >= self._limit and not notes.retries:
                self.refused += 1
                raise Overloaded(f"Too many requests wait for Ollama already ({self._limit}).")
            self.waiting += 1
        notes.waiting += 1

    def leave(self, notes: Notes) -> None:
        notes.waiting -= 1
        if not notes.waiting:
            self.waiting -= 1
