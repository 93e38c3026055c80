"""Counting: plain numbers that are added to."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

__all__ = ["OTHER", "SECONDS", "Histogram", "Tally"]

OTHER: Final = "other"
MOST: Final = 200

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Histogram:
    """How many values were at most each of these bounds and above the one before, and their sum;
    the last count is of what is above all.

    Values are given to `observe`, which costs next to nothing, and counted by `settle`, many at a
    time, which whoever reads must call.
    """

    __slots__ = ("_news", "bounds", "counts", "observe", "sum")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self._news: list[float] = []
        self.observe = self._news.append

    def settle(self) -> None:
        """Count what came since the last time."""
        news = self._news
        if not news:
            return
        news.sort()
        self.sum += sum(news)
        below = 0
        for index, bound in enumerate(self.bounds):
            upto = bisect_right(news, bound, below)
            self.counts[index] += upto - below
            below = upto
        self.counts[-1] += len(news) - below
        news.clear()


class Tally:
    """Counts by words. Of the first word at most `most` different ones are told apart; those that
    are `known` are there from the start, so that their first step is seen."""

    __slots__ = ("_first", "_most", "counts")

    def __init__(self, *known: str, most: int = MOST) -> None:
        self.counts: dict[tuple[str, ...], int] = {(word,): 0 for word in known}
        self._first = set(known)
        self._most = most

    def add(self, first: str, *others: str) -> None:
        if first not in self._first:
            if len(self._first) >= self._most:
                first = OTHER
            self._first.add(first)
        words = (first, *others)
        self.counts[words] = self.counts.get(words, 0) + 1
