"""`<tool_call>NAME` and pairs of `<arg_key>` and `<arg_value>`: GLM 4.5 to 4.7."""

from typing import Any, Final

from adapters.repair.damage import objects_in
from adapters.repair.damage import read as read_json
from adapters.repair.offered import Offered
from adapters.repair.scanning import Reading, Source, Words
from adapters.repair.schemas import Budget, resolved, types_of
from adapters.repair.tagged import trimmed
from adapters.repair.units import value
from adapters.repair.written import Block, Written

__all__ = ["read"]

_PAIR: Final = "<arg_key>"
_CLOSE: Final = "</tool_call>"
_NEXT: Final = Words(_PAIR, _CLOSE)
_KEY_END: Final = Words("</arg_key>", "<arg_value>", _CLOSE)
_VALUE: Final = Words("<arg_value>")
_VALUE_END: Final = Words("</arg_value>", _PAIR, _CLOSE)


def read(source: Source, offered: Offered) -> Reading[Block | None]:
    """Behind `<tool_call>` and the white space after it."""
    name = offered.named((yield from source.name()))
    if name is None:
        return None
    arguments: dict[str, Any] = {}
    damaged = False
    while True:
        behind = source.at
        yield from source.blank()
        if (yield from source.peek()) == "{":
            mixed = yield from value(source)
            found = objects_in(mixed.values[0]) if mixed else None
            if mixed is None or found is None:
                return None
            arguments |= found.value
            damaged |= mixed.damaged or found.damaged
            continue
        match (yield from source.here(_NEXT)):
            case "<arg_key>":
                pair = yield from _pair(source)
                if pair is None:
                    return None
                arguments[pair[0]] = pair[1]
            case "</tool_call>":
                break
            case _ if (arguments or source.at == len(source.text)) and not source.cut:
                source.at = behind
                break
            case _:
                return None
    written = Written(name, _typed(arguments, offered.schema(name)), texts=True)
    return Block("glm", (written,), damaged)


def _pair(source: Source) -> Reading[tuple[str, str] | None]:
    """Key and value. A value without its closing tag ends where the next tag begins."""
    key, tag = yield from source.until(_KEY_END)
    if tag == "</arg_key>":
        yield from source.blank()
        tag = yield from source.here(_VALUE)
    if tag != "<arg_value>":
        return None
    text, tag = yield from source.until(_VALUE_END)
    if not tag and source.cut:
        return None
    if tag != "</arg_value>":
        source.at -= len(tag)
    return key.strip(), trimmed(text)


def _typed(arguments: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """GLM writes strings bare and all else as JSON; which it was, only the schema tells."""
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    typed = dict(arguments)
    for key, text in arguments.items():
        if isinstance(text, str) and not types_of(resolved(known.get(key), Budget(schema))):
            found = read_json(text)
            typed[key] = found.value if found else text
    return typed
