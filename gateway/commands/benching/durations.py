"""Many numbers in little memory, and what is told of them."""

from array import array
from collections.abc import Iterable, Sequence
from math import ceil

from msgspec import Struct

__all__ = ["Durations", "Spread", "quantile"]

KEPT = 1_000_000


class Spread(Struct, frozen=True):
    """How numbers are distributed: seconds, or tokens a second."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float
    max: float


class Durations:
    """Numbers one after the other. Of more than `kept` every second is forgotten, then every
    second of the rest, and so on; count, mean and maximum are those of all."""

    def __init__(self, kept: int = KEPT) -> None:
        self.values = array("d")
        self.count = 0
        self._kept = max(2, kept)
        self._sum = 0.0
        self._max = 0.0
        self._step = 1

    def add(self, value: float) -> None:
        if self.count % self._step == 0:
            if len(self.values) == self._kept:
                self.values = self.values[::2]
                self._step *= 2
            if self.count % self._step == 0:
                self.values.append(value)
        self.count += 1
        self._sum += value
        if value > self._max:
            self._max = value

    def extend(self, values: Iterable[float]) -> None:
        for value in values:
            self.add(value)

    @property
    def spread(self) -> Spread | None:
        """None if there are no numbers."""
        if not self.count:
            return None
        ordered = sorted(self.values)
        p50, p95, p99 = (quantile(ordered, part) for part in (0.5, 0.95, 0.99))
        return Spread(self.count, self._sum / self.count, p50, p95, p99, self._max)


def quantile(ordered: Sequence[float], part: float) -> float:
    """The smallest number that `part` of them do not exceed: one that was measured. The median is
    halfway between two, where there is no middle one."""
    if part == 0.5 and len(ordered) % 2 == 0:
        middle = len(ordered) // 2
        return (ordered[middle - 1] + ordered[middle]) / 2
    return ordered[max(0, ceil(part * len(ordered)) - 1)]
