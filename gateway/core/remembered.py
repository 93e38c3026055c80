"""What was made of things that come back."""

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Remembered"]

T = TypeVar("T")
V = TypeVar("V")

MOST = 32


class Remembered(Generic[T, V]):
    """What `make` makes of an object, kept as long as the same object comes back: an agent sends
    its tools with every request, and they are read once.

    At most 32 are kept, and only of objects that are `small`.
    """

    def __init__(self, make: Callable[[T], V], small: Callable[[T], bool]) -> None:
        self._make = make
        self._small = small
        self._known: dict[int, tuple[T, V]] = {}

    def __call__(self, given: T) -> V:
        found = self._known.get(id(given))
        if found is not None and found[0] is given:
            return found[1]
        made = self._make(given)
        if self._small(given):
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[id(given)] = given, made
        return made
