"""Files of one JSON object, which people and other programs may look into and add keys to.

A key is on a line, and of lists an item. What a value means is the matter of the packages that keep
such files: most of it stays as it came, byte for byte.
"""

from collections.abc import Mapping
from typing import ClassVar, TypeVar

import msgspec
from msgspec import Raw, Struct

from extensions.shards import Unreadable

__all__ = ["Document", "fields_of", "legible", "parsed"]


class Document(Struct, kw_only=True):
    """The keys that all such files begin with; a kind of file adds its own."""

    VERSION: ClassVar[int] = 1
    """Another one is only needed for what programs of this one must not overlook."""

    version: int
    id: str


T = TypeVar("T", bound=Document)


def legible(fields: Mapping[str, object]) -> bytes:
    """A file of these fields. Tuples are lists; raw values stand in it as they are."""
    lines = [msgspec.json.encode(name) + b": " + written(value) for name, value in fields.items()]
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


def written(value: object) -> bytes:
    match value:
        case Raw():
            return bytes(value)
        case tuple() if value:
            return b"[\n" + b",\n".join(map(written, value)) + b"\n]"
        case _:
            return msgspec.json.encode(value)


def parsed(id: str, data: bytes, kind: type[T]) -> tuple[T, dict[str, Raw]]:
    """The file of this id, and the keys that are none of its kind's; `Unreadable` for another.

    Raw values are pieces of `data`, which lives as long as they do.
    """
    try:
        data.decode()  # nothing else looks into the texts of raw values
        found = msgspec.json.decode(data, type=kind)
        others = msgspec.json.decode(data, type=dict[str, Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from None
    if found.version != kind.VERSION:
        raise Unreadable(f"it is of version {found.version}")
    if found.id != id:
        raise Unreadable("it is the file of another id")
    for name in kind.__struct_fields__:
        others.pop(name, None)
    return found, others


def fields_of(found: object, kind: type[Document]) -> dict[str, object]:
    """The values that go into a file of this kind, by their keys, without the version."""
    names = kind.__struct_fields__
    return {name: getattr(found, name) for name in names if name != "version"}
