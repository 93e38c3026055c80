"""Ids of items from which the response follows that they belong to: an index nobody has to keep."""

import re

from gateway.core.ids import new_id

__all__ = ["ItemIds", "new_response_id", "owner_of"]

PREFIX = "resp_"
ITEM = re.compile(r"[a-z]+_([0-9a-f]{24})[0-9a-f]{4,8}", re.ASCII)


def new_response_id() -> str:
    return new_id(PREFIX)


class ItemIds:
    """Ids for the items of one response, in the order in which they are asked for."""

    def __init__(self, response_id: str) -> None:
        self._stem = response_id.removeprefix(PREFIX)
        self._count = 0

    def __call__(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._stem}{self._count:04x}"


def owner_of(item_id: str) -> str | None:
    """The response that gave an item its id; `None` for an id that no response gave."""
    found = ITEM.fullmatch(item_id)
    return found and PREFIX + found[1]
