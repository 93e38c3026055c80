"""Bytes to values as Go's `encoding/json` takes them, and its words for what is wrong."""

import codecs
import json
import re
from collections.abc import Iterable
from typing import Any

from .encoding import quote

__all__ = ["BadJSON", "EmptyBody", "decode", "raw_member"]

_SPACE = b" \t\r\n"
_MAX_DEPTH = 150  # Go stops at 10000, Python's stack well before that
_LONG_NUMBER = 400  # digits; from about here on a double is infinite anyway
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
# each part of a number: what it begins with, all of it, and what Go is doing there
_NUMBER_PARTS = (
    (b"-", re.compile(rb"-?(?:0|[1-9][0-9]*)"), "in numeric literal"),
    (b".", re.compile(rb"\.[0-9]+"), "after decimal point in numeric literal"),
    (b"eE", re.compile(rb"[eE][+-]?[0-9]+"), "in exponent of numeric literal"),
)
_LITERALS = {b"t": b"true", b"f": b"false", b"n": b"null"}


class EmptyBody(Exception):
    """There was no JSON value at all."""


class BadJSON(Exception):
    """The text is no JSON; `str(error)` is what Go's decoder says."""


def _one_by_one(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\ufffd" * (error.end - error.start), error.end


# Python makes one U+FFFD of a whole broken sequence, Go one of each byte.
codecs.register_error("mochi-simulator-go", _one_by_one)


def decode(body: bytes) -> Any:
    """The first JSON value of `body`; what follows it is ignored, as Go's stream decoder does."""
    stripped = body.lstrip(_SPACE)
    if not stripped:
        raise EmptyBody
    try:
        value, _ = _DECODER.raw_decode(stripped.decode("utf-8", "mochi-simulator-go"))
    except (ValueError, RecursionError):
        raise BadJSON(_complaint(stripped)) from None
    if stripped.count(b"[") + stripped.count(b"{") > _MAX_DEPTH and _depth(value) > _MAX_DEPTH:
        raise BadJSON("exceeded max depth")
    return _without_surrogates(value) if _SURROGATE.search(stripped) else value


def raw_member(body: bytes, name: str) -> str:
    """The text of one member of the object in `body`, exactly as it was sent."""
    text = body.decode("utf-8", "mochi-simulator-go")
    position, found = text.index("{") + 1, ""
    while True:
        position = _skip(text, position)
        if text[position] == "}":
            return found
        key, position = _DECODER.raw_decode(text, position)
        start = _skip(text, position)
        _, position = _DECODER.raw_decode(text, start)
        if key.lower() == name:
            found = text[start:position]


def _skip(text: str, position: int) -> int:
    while text[position] in " \t\r\n:,":
        position += 1
    return position


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    members.clear()
    for key, value in pairs:  # the last one wins, and stands where it was last written
        members.pop(key, None)
        members[key] = value
    return members


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < _LONG_NUMBER else float(digits)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_constant=_refuse, strict=True
)


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_without_surrogates(item) for item in value]
        case dict():
            return {
                _without_surrogates(key): _without_surrogates(member)
                for key, member in value.items()
            }
        case _:
            return value


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level := [child for one in level for child in _children(one)]:
        depth += 1
    return depth


def _children(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


class _Broken(Exception):
    """At which byte Go's scanner stopped, and what it was doing."""

    def __init__(self, position: int, doing: str) -> None:
        self.position = position
        self.doing = doing


def _complaint(data: bytes) -> str:
    try:
        _scan(data)
    except _Broken as broken:
        if broken.position < len(data):
            return f"invalid character {_shown(data[broken.position])} {broken.doing}"
        return "unexpected EOF"
    return "exceeded max depth"


def _shown(byte: int) -> str:
    match chr(byte):
        case "'":
            return r"'\''"
        case '"':
            return "'\"'"
        case character:
            return "'" + quote(character)[1:-1] + "'"


def _scan(data: bytes) -> None:
    """Walk the first value as Go's scanner does, without recursion; raise where it is broken."""
    open_: list[bytes] = []
    position, expected = 0, "value"
    while True:
        position = _blank(data, position)
        byte = data[position : position + 1]
        if not byte:
            raise _Broken(position, "")
        position, expected = _step(data, position, byte, expected, open_)
        if len(open_) > _MAX_DEPTH:
            return
        if not open_ and expected == "separator":
            return


def _step(
    data: bytes, position: int, byte: bytes, expected: str, open_: list[bytes]
) -> tuple[int, str]:
    match expected:
        case "value" | "value or end":
            if expected == "value or end" and byte == b"]":
                return _close(position, open_)
            return _value(data, position, byte, open_)
        case "key" | "key or end":
            if expected == "key or end" and byte == b"}":
                return _close(position, open_)
            if byte != b'"':
                raise _Broken(position, "looking for beginning of object key string")
            return _text(data, position), "colon"
        case "colon":
            if byte != b":":
                raise _Broken(position, "after object key")
            return position + 1, "value"
        case _:
            return _separator(position, byte, open_)


def _separator(position: int, byte: bytes, open_: list[bytes]) -> tuple[int, str]:
    inside_object = open_[-1] == b"{"
    if byte == b",":
        return position + 1, "key" if inside_object else "value"
    if byte == (b"}" if inside_object else b"]"):
        return _close(position, open_)
    doing = "after object key:value pair" if inside_object else "after array element"
    raise _Broken(position, doing)


def _close(position: int, open_: list[bytes]) -> tuple[int, str]:
    open_.pop()
    return position + 1, "separator"


def _value(data: bytes, position: int, byte: bytes, open_: list[bytes]) -> tuple[int, str]:
    if byte in (b"{", b"["):
        open_.append(byte)
        return position + 1, "key or end" if byte == b"{" else "value or end"
    if byte == b'"':
        return _text(data, position), "separator"
    if byte in _LITERALS:
        return _literal(data, position, _LITERALS[byte]), "separator"
    if byte == b"-" or byte.isdigit():
        return _number(data, position), "separator"
    raise _Broken(position, "looking for beginning of value")


def _blank(data: bytes, position: int) -> int:
    while data[position : position + 1] and data[position] in _SPACE:
        position += 1
    return position


def _text(data: bytes, position: int) -> int:
    matched = _STRING.match(data, position)
    assert matched is not None
    end = matched.end()
    byte = data[end : end + 1]
    if byte == b'"':
        return end + 1
    if byte != b"\\":
        raise _Broken(end, "in string literal")
    if data[end + 1 : end + 2] != b"u":
        raise _Broken(end + 1, "in string escape code")
    digit = end + 2
    while chr((data[digit : digit + 1] or b"\0")[0]) in "0123456789abcdefABCDEF":
        digit += 1
    raise _Broken(digit, "in \\u hexadecimal character escape")


def _literal(data: bytes, position: int, word: bytes) -> int:
    for offset, letter in enumerate(word):
        if data[position + offset : position + offset + 1] != bytes([letter]):
            raise _Broken(
                position + offset, f"in literal {word.decode()} (expecting '{chr(letter)}')"
            )
    return position + len(word)


def _number(data: bytes, position: int) -> int:
    for beginnings, pattern, doing in _NUMBER_PARTS:
        byte = data[position : position + 1]
        if matched := pattern.match(data, position):
            position = matched.end()
        elif byte and byte in beginnings:
            signed = byte != b"-" and data[position + 1 : position + 2] in (b"+", b"-")
            raise _Broken(position + 1 + signed, doing)
    return position
