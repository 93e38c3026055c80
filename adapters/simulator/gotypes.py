"""JSON values into Go's types: names in any case, null as if absent, Go's words for a wrong type.

A reader takes a value and the place where it stands, and gives what the field holds.
"""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

__all__ = [
    "Place",
    "Reader",
    "WrongType",
    "anything",
    "array",
    "base64_bytes",
    "boolean",
    "integer",
    "mapping",
    "members",
    "strings",
    "text",
]

_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_ALPHABET = re.compile(r"[A-Za-z0-9+/]*")


class WrongType(Exception):
    """A field of the wrong type or form; `str(error)` is the text of Ollama's 400."""


class Place(Struct, frozen=True):
    """Where a value stands: the Go struct of the whole body, and the names on the way down."""

    struct: str
    path: tuple[str, ...] = ()

    def __truediv__(self, name: str) -> "Place":
        return Place(self.struct, (*self.path, name))

    def wrong(self, value: object, go_type: str) -> WrongType:
        target = (
            f"Go struct field {self.struct}.{'.'.join(self.path)} of type {go_type}"
            if self.path
            else f"Go value of type {go_type}"
        )
        return WrongType(f"json: cannot unmarshal {_kind(value)} into {target}")


Reader = Callable[[Any, Place], Any]


def _kind(value: object) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "number"


def anything(value: Any, place: Place) -> Any:
    return value


def text(value: Any, place: Place) -> str:
    if isinstance(value, str):
        return value
    raise place.wrong(value, "string")


def boolean(value: Any, place: Place) -> bool:
    if isinstance(value, bool):
        return value
    raise place.wrong(value, "bool")


def integer(value: Any, place: Place) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) < 2**63:
            return value
        raise _number_error(value, place)
    if isinstance(value, float):
        raise _number_error(value, place)
    raise place.wrong(value, "int")


def _number_error(value: float, place: Place) -> WrongType:
    return WrongType(str(place.wrong(value, "int")).replace("number", f"number {value}", 1))


def mapping(value: Any, place: Place) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise place.wrong(value, "map[string]interface {}")


def array(item: Reader, go_type: str) -> Reader:
    """A slice; its elements have no place of their own in Go's messages."""

    def read(value: Any, place: Place) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise place.wrong(value, go_type)
        return tuple(item(element, place) for element in value if element is not None)

    return read


strings = array(text, "[]string")


def base64_bytes(value: Any, place: Place) -> bytes:
    """Standard base64 with padding; line breaks inside are allowed, as in Go."""
    if not isinstance(value, str):
        raise place.wrong(value, "api.ImageData")
    packed = value.replace("\n", "").replace("\r", "")
    if _BASE64.fullmatch(packed):
        return base64.b64decode(packed)
    raise WrongType(f"illegal base64 data at input byte {_bad_byte(packed)}")


def _bad_byte(packed: str) -> int:
    matched = _ALPHABET.match(packed)
    valid = matched.end() if matched else 0
    if valid == len(packed):  # cut off: Go points at the beginning of the last group of four
        return valid - valid % 4
    if packed[valid] != "=" or valid % 4 < 2:
        return valid
    return min(valid + (valid % 4 == 2) + 1, len(packed))


def members(value: Any, place: Place, fields: Mapping[str, Reader], go_type: str) -> dict[str, Any]:
    """The fields of a struct that are there and not null, read in the order of the document."""
    if not isinstance(value, dict):
        raise place.wrong(value, go_type)
    found: dict[str, Any] = {}
    for key, member in value.items():
        name = key if key in fields else _folded(key, fields)
        if name is not None and member is not None:
            found[name] = fields[name](member, place / name)
    return found


def _folded(key: str, fields: Mapping[str, Reader]) -> str | None:
    lower = key.lower()
    return next((name for name in fields if name.lower() == lower), None)
