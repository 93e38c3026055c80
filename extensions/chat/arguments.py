"""Arguments of a model, which could be anything, and what of them a session can keep."""

import math
from typing import Any

import msgspec
from msgspec.structs import replace

from gateway.core.messages import ToolCall

__all__ = ["keepable"]

DEEPEST = 100
"""Levels of lists and objects. How many a decoder takes depends on how deep its caller stands."""


def keepable(call: ToolCall) -> tuple[ToolCall, str | None]:
    """The call as it can be kept and sent again, and why that is without its arguments, if so.

    One value without a JSON form would make the whole session unreadable, for ever.
    """
    fault = fault_in(call.arguments) or unwritable(call.arguments)
    return (replace(call, arguments={}), fault) if fault else (call, None)


def fault_in(value: Any, levels: int = DEEPEST) -> str | None:
    match value:
        case float() if not math.isfinite(value):
            return "a number is not finite"
        case dict() | list() if not levels:
            return "they are nested too deeply"
        case dict():
            return next(filter(None, (fault_in(each, levels - 1) for each in value.values())), None)
        case list():
            return next(filter(None, (fault_in(each, levels - 1) for each in value)), None)
        case _:
            return None


def unwritable(arguments: dict[str, Any]) -> str | None:
    """Lone surrogates, and numbers of thousands of digits."""
    try:
        msgspec.json.encode(arguments)
    except (ValueError, TypeError, OverflowError):
        return "they cannot be written as JSON"
    return None
