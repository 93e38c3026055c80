"""What lists of completions are chosen by, in memory."""

import sys
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from extensions.completions.record import Completion

__all__ = ["Entry", "Index"]

Key = tuple[int, float, str]
"""Completions are in the order of the second they were made in, of when they were kept, and of
their ids."""

ROOM = 32 * 1024 * 1024
"""Bytes of metadata that are kept in memory."""

PER_VALUE = 200
"""Bytes that a pair takes beside its characters."""

REMEMBERED = 10_000
"""Places of deleted completions: whoever deletes page by page goes on after one."""


class Entry(Struct, frozen=True):
    """What a completion is found by. `metadata` of `None`: it is to be looked at in the file."""

    created: int
    id: str
    model: str
    metadata: Mapping[str, str] | None
    kept_at: float = 0.0

    @classmethod
    def of(cls, completion: Completion) -> "Entry":
        return cls(
            completion.created,
            completion.id,
            sys.intern(completion.model),
            completion.metadata,
            completion.kept_at,
        )

    @property
    def key(self) -> Key:
        return self.created, self.kept_at, self.id

    @property
    def size(self) -> int:
        pairs = (self.metadata or {}).items()
        return sum(len(name) + len(value) + PER_VALUE for name, value in pairs)


class Index:
    """The entries in their order, with `room` for so many bytes of their metadata."""

    def __init__(
        self, entries: Iterable[Entry] = (), room: int = ROOM, remembered: int = REMEMBERED
    ) -> None:
        self._room = room
        self._remembered = remembered
        self._entries: dict[str, Entry] = {}
        self._places: dict[str, Key] = {}
        self._keys: list[Key] = []
        for entry in sorted(entries, key=lambda entry: entry.key):
            self.put(entry)

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, id: str) -> Entry | None:
        return self._entries.get(id)

    def put(self, entry: Entry) -> None:
        """Add an entry, or replace the one of its id."""
        self._forget(entry.id)
        if entry.size > self._room:
            entry = replace(entry, metadata=None)
        self._room -= entry.size
        self._entries[entry.id] = entry
        insort(self._keys, entry.key)

    def drop(self, id: str) -> None:
        """Take an entry out, and remember for a while where it was."""
        entry = self._forget(id)
        if entry is not None:
            self._places[id] = entry.key
            if len(self._places) > self._remembered:
                del self._places[next(iter(self._places))]

    def ids(self, after: str | None, descending: bool) -> list[str] | None:
        """All ids from a place on; `None` if nobody knows where `after` is or was."""
        keys = self._keys
        if after is not None:
            place = self._place(after)
            if place is None:
                return None
            if descending:
                keys = keys[: bisect_left(keys, place)]
            else:
                keys = keys[bisect_right(keys, place) :]
        ids = [id for *_, id in keys]
        return ids[::-1] if descending else ids

    def _place(self, id: str) -> Key | None:
        entry = self._entries.get(id)
        return entry.key if entry else self._places.get(id)

    def _forget(self, id: str) -> Entry | None:
        entry = self._entries.pop(id, None)
        if entry is not None:
            self._room += entry.size
            del self._keys[bisect_left(self._keys, entry.key)]
        return entry
