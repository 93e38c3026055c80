"""What a tool gave back, as the text that a model reads.

The values are those of foreign code: nothing here raises, whatever their methods do.
"""

import json
from typing import Any

__all__ = ["LONGEST", "call_failed", "call_refused", "failure_text", "result_text", "type_name"]

LONGEST = 64 * 1024
"""Bytes of UTF-8, beside the note that more was left out."""

NOTHING = "Tool executed successfully (no output)"
CUT = "\n[The rest is left out: a result may have 64 KiB.]"

_json = json.JSONEncoder(ensure_ascii=False, default=str)


def result_text(value: Any) -> str:
    """Texts as they are, lists and objects as JSON, anything else as Python prints it.

    A `NaN` stays one: this JSON is read by a model, to which `null` would tell less.
    """
    try:
        return cut(written(value))
    except BaseException:
        return f"A value of type '{type_name(value)}' that cannot be shown as text"


def failure_text(error: BaseException) -> str:
    """What the error says; its class if it says nothing, or nothing that can stand alone."""
    try:
        said = cut(str(error)).strip()
    except BaseException:
        said = ""
    if isinstance(error, Exception) and not isinstance(error, KeyError):
        return said or type_name(error)
    return f"{type_name(error)}: {said}" if said else type_name(error)


def call_failed(name: str, reason: str) -> str:
    return f"Tool '{name}' failed: {reason}"


def call_refused(name: str, reason: str) -> str:
    """Of a call that cannot be run as it came."""
    return f"Invalid arguments for tool '{name}': {reason}"


def written(value: Any) -> str:
    """The text, or so much of a long one that it is seen to be too long."""
    match value:
        case None:
            return NOTHING
        case str():
            return str.__getitem__(value, slice(LONGEST + 1))
        case bytes() | bytearray():
            return repr(bytes(value[: LONGEST + 1]))
        case dict() | list() | tuple():
            return written_json(value)
        case _:
            return str(value)


def written_json(value: Any) -> str:
    """In pieces, so that a gigabyte of numbers is left alone after the first of them."""
    pieces: list[str] = []
    size = 0
    try:
        for piece in _json.iterencode(value):
            pieces.append(piece)
            size += len(piece)
            if size > LONGEST:
                break
    except (TypeError, ValueError):  # a key that JSON has not, a list within itself
        return str(value)
    return "".join(pieces)


def cut(text: str) -> str:
    """The text with what has no UTF-8 replaced, not over the limit but for the note."""
    kept = str.__getitem__(text, slice(LONGEST + 1)).encode("utf-8", "replace")
    if len(kept) <= LONGEST:
        return kept.decode()
    return kept[:LONGEST].decode("utf-8", "ignore") + CUT


def type_name(value: Any) -> str:
    """Also of classes that hide it, or that were named by half a character."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    return name.encode("utf-8", "replace").decode()
