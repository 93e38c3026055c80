"""Checks that rest on a model's goodwill are made several times; how often they go well counts."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

__all__ = ["RATE", "Rate", "cooperation_of", "tried"]

TIMES, LEAST = 3, 2


class Rate(NamedTuple):
    """So many of so many attempts went well."""

    well: int
    times: int

    def __str__(self) -> str:
        return f"{self.well}/{self.times}"


RATE = pytest.StashKey[Rate]()
"""Of an item that was tried several times."""


def cooperation_of(item: pytest.Item) -> Rate | None:
    """How often a check is made, and how often it must go well; `None` for an ordinary one."""
    mark = item.get_closest_marker("cooperation")
    if mark is None:
        return None
    times = int(mark.kwargs.get("times", TIMES))
    return Rate(min(int(mark.kwargs.get("least", LEAST)), times), times)


def tried(attempt: Callable[[], Any], wanted: Rate) -> tuple[Rate, BaseException | None]:
    """How it went, and the last failure if it went well too seldom.

    A skip, or a server that does not offer this, ends the attempts: it would do so each time.
    """
    well, failure = 0, None
    for _ in range(wanted.times):
        try:
            attempt()
            well += 1
        except Exception as error:
            failure = error
    return Rate(well, wanted.times), failure if well < wanted.well else None
