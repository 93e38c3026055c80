"""`[TOOL_CALLS]` and a JSON array, or a name, `[ARGS]` and an object: Mistral and its kin."""

from typing import Final

from adapters.repair.damage import objects_in
from adapters.repair.offered import Offered
from adapters.repair.scanning import Reading, Source, Words
from adapters.repair.units import value, values
from adapters.repair.written import Block, Written, calls_in

__all__ = ["read"]

_ARGUMENTS: Final = Words("[ARGS]")
_ID: Final = Words("[CALL_ID]")


def read(source: Source, offered: Offered) -> Reading[Block | None]:
    """Behind `[TOOL_CALLS]`, which stands before every call since version 11."""
    yield from source.blank()
    if (yield from source.peek()) in ("{", "["):
        found = yield from values(source)
        return calls_in("mistral", found.values, damaged=found.damaged) if found else None
    calls: list[Written] = []
    damaged = False
    while name := (yield from _name(source, offered)):
        found = yield from value(source)
        arguments = objects_in(found.values[0]) if found else None
        if found is None or arguments is None:
            return None
        calls.append(Written(name, arguments.value))
        damaged |= found.damaged or arguments.damaged
    return Block("mistral", tuple(calls), damaged) if calls else None


def _name(source: Source, offered: Offered) -> Reading[str | None]:
    """A name and all that stands before its arguments; back to where it began if it is none."""
    behind = source.at
    yield from source.blank()
    name = offered.named((yield from source.name()))
    if name is not None:
        yield from source.blank()
        if (yield from source.here(_ID)):
            yield from source.name()
        yield from source.here(_ARGUMENTS)
        yield from source.blank()
        if (yield from source.peek()) == "{":
            return name
    source.at = behind
    return None
