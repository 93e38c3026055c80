"""Calls as a model wrote them, before anybody asked whether there is such a tool."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from adapters.repair.damage import objects_in
from adapters.repair.offered import Offered
from adapters.repair.scanning import Reading, Source

__all__ = ["Block", "Family", "Written", "calls_in"]


class Written(Struct, frozen=True):
    """One call. `texts`: the arguments are bare text and have no types of their own yet."""

    name: str
    arguments: dict[str, Any]
    texts: bool = False


class Block(Struct, frozen=True):
    """The calls that stand between two markers. `kind` is the word under which they are counted."""

    kind: str
    calls: tuple[Written, ...]
    damaged: bool = False
    """Their JSON had to be mended."""
    spaced: bool = False
    """Their paths and ids may have spaces that nobody meant."""


Family = Callable[[Source, Offered], Reading[Block | None]]
"""Reads on behind the opening marker of a block, and stops right behind the block. What it passed
over goes out as text if it finds no calls."""

_NAMES: Final = ("name", "function", "tool_name", "tool", "action")
_ARGUMENTS: Final = ("arguments", "parameters", "args", "input", "action_input", "tool_input")
_BESIDE: Final = frozenset({"id", "call_id", "tool_call_id", "type", "index"})


def calls_in(kind: str, values: list[Any], *, damaged: bool, exact: bool = False) -> Block | None:
    """The calls that JSON values describe; `None` unless every one of them is a call.

    With `exact` they must have arguments, and nothing that a call does not have: then they are
    calls even where no marker says so.
    """
    calls: list[Written] = []
    for value in _each(values):
        call = _call(value, exact=exact)
        if call is None:
            return None
        calls.append(call[0])
        damaged |= call[1]
    return Block(kind, tuple(calls), damaged) if calls else None


def _each(values: list[Any]) -> list[Any]:
    """The values, with lists and `{"tool_calls": […]}` opened once."""
    found: list[Any] = []
    for value in values:
        match value:
            case [*several]:
                found.extend(several)
            case {"tool_calls": [*several], **rest} if not rest:
                found.extend(several)
            case _:
                found.append(value)
    return found


def _call(value: Any, *, exact: bool) -> tuple[Written, bool] | None:
    match value:
        case {"function": dict() as inner, **rest} if rest.keys() <= _BESIDE:
            value = inner
        case dict():
            pass
        case _:
            return None
    name_key = next((key for key in _NAMES if isinstance(value.get(key), str)), None)
    if name_key is None:
        return None
    arguments_key = next((key for key in _ARGUMENTS if key in value), None)
    if exact and (arguments_key is None or value.keys() - _BESIDE - {name_key, arguments_key}):
        return None
    found = objects_in(value[arguments_key] if arguments_key else None)
    if found is None:
        return None
    return Written(value[name_key], found.value), found.damaged
