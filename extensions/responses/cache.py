"""The responses that were used last, so that a chain is not read from the disk at each turn."""

from collections import OrderedDict

from msgspec import Struct

from extensions.responses.record import Record, read

__all__ = ["Cache", "Entry"]

PER_RECORD, PER_ITEM = 1024, 128
"""Bytes in memory beside those of the file."""

SHARE = 4
"""What would take a larger part of the cache than a quarter does not get in."""


class Entry(Struct):
    """A record as it was read from its file, and about how many bytes it takes in memory.

    `used` is when the file was last marked as used, as far as it is known, in seconds since 1970.
    """

    record: Record
    size: int
    follows: str | None
    used: float = 0

    @classmethod
    def read(cls, id: str, data: bytes) -> "Entry":
        """What the file of this id holds; `Unreadable` if that is no record."""
        record = read(id, data)
        items = len(record.input) + len(record.output)
        size = len(data) + PER_RECORD + PER_ITEM * items
        return cls(record, size, record.follows, used=record.created_at)


class Cache:
    """At most so many entries, of at most so many bytes together; the longest unused goes."""

    def __init__(self, most: int, size: int) -> None:
        self._most = most
        self._left = size
        self._largest = size // SHARE
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, id: str) -> bool:
        return id in self._entries

    def get(self, id: str) -> Entry | None:
        entry = self._entries.get(id)
        if entry is not None:
            self._entries.move_to_end(id)
        return entry

    def put(self, entry: Entry) -> None:
        self.drop(entry.record.id)
        if entry.size > self._largest:
            return
        self._entries[entry.record.id] = entry
        self._left -= entry.size
        while self._left < 0 or len(self._entries) > self._most:
            _, oldest = self._entries.popitem(last=False)
            self._left += oldest.size

    def drop(self, id: str) -> None:
        entry = self._entries.pop(id, None)
        if entry is not None:
            self._left += entry.size
