"""Arguments of a model, which could be anything, and what of them a session can keep."""

import math
from typing import Any

import msgspec

from gateway.core.messages import ToolCall

__all__ = ["keepable"]

DEEPER = 8
"""Levels that a session's file, or a request, puts around arguments."""

_decode = msgspec.json.Decoder().decode


def keepable(call: ToolCall) -> tuple[ToolCall, str | None]:
    """The call as it can be written down and sent again, and what was wrong with it, if anything.

    One value without a JSON form would make the whole session unreadable, for ever.
    """
    nested: Any = call.arguments
    for _ in range(DEEPER):
        nested = [nested]
    try:
        _decode(msgspec.json.encode(nested))
        finite = all_finite(call.arguments)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return ToolCall(call.id, call.name, {}), "they cannot be written as JSON"
    if finite:
        return call, None
    return (
        ToolCall(call.id, call.name, _decode(msgspec.json.encode(call.arguments))),
        "a number is not finite",
    )


def all_finite(value: Any) -> bool:
    match value:
        case float():
            return math.isfinite(value)
        case dict():
            return all(map(all_finite, value.values()))
        case list():
            return all(map(all_finite, value))
        case _:
            return True
