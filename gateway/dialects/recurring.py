"""A large part of requests that comes back byte for byte, and is read once."""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Raw, Struct

__all__ = ["Cut", "Recurring"]

V = TypeVar("V")

MOST = 32
LARGEST = 256 * 1024
HEAD = 64
BODY = 128 * 1024
"""Looking through a larger one for the part takes longer than reading the part."""

# No caller can know it, so wherever it stands in what was decoded, it was put there by `cut`.
STAND_IN = b'"%b"' % os.urandom(16).hex().encode()


class Cut(Struct):
    """A body without the part: `rest` has a stand-in where `part` stood."""

    rest: bytes
    part: Raw

    def stood(self, found: object) -> bool:
        """Whether what was decoded as the part is the stand-in: there may be others of its name."""
        return isinstance(found, Raw) and bytes(found) == STAND_IN


class Entry(Struct, Generic[V]):
    text: bytes
    part: Raw
    made: V


class Recurring(Generic[V]):
    """The values of one field, a JSON text, and what `make` makes of them.

    Agents send the same tools with every request. Their text is the largest part of it; finding it
    again costs a comparison, while decoding it, or even skipping it, costs more than all the rest.
    """

    def __init__(self, field: str, make: Callable[[bytes], V]) -> None:
        self.field = field
        self._make = make
        # A key, since in the text of a string the quotes would be escaped.
        self._key = b'"%b":' % field.encode()
        self._by_head: dict[bytes, Entry[V]] = {}
        self._by_part: dict[int, Entry[V]] = {}

    def cut(self, body: bytes) -> Cut | None:
        """The body less a part that came before; `None` where there is none."""
        if len(body) > BODY:
            return None
        start = body.find(self._key) + len(self._key)
        if start < len(self._key):
            return None
        start += body.startswith(b" ", start)
        entry = self._by_head.get(body[start : start + HEAD])
        if entry is None or not body.startswith(entry.text, start):
            return None
        return Cut(body[:start] + STAND_IN + body[start + len(entry.text) :], entry.part)

    def made(self, part: Raw) -> V:
        """What the part is; remembered if it was cut, or is not too large."""
        known = self._by_part.get(id(part))
        if known is not None and known.part is part:
            return known.made
        text = bytes(part)
        known = self._by_head.get(text[:HEAD])
        if known is not None and known.text == text:
            return known.made
        made = self._make(text)
        if len(text) <= LARGEST:
            self._remember(Entry(text, Raw(text), made))
        return made

    def _remember(self, entry: Entry[V]) -> None:
        if len(self._by_head) >= MOST:
            self._by_head.clear()
            self._by_part.clear()
        if replaced := self._by_head.get(entry.text[:HEAD]):
            del self._by_part[id(replaced.part)]
        self._by_head[entry.text[:HEAD]] = entry
        self._by_part[id(entry.part)] = entry
