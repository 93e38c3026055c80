"""Calls in tags that only look like XML: a tag for the function, a tag for each parameter.

Qwen3-Coder, Qwen3.5 and Nemotron 3 write `<function=NAME>` and `<parameter=KEY>value</parameter>`
inside `<tool_call>`; Llama 3.1 puts JSON into the same function tag; MiniMax M2 and what learnt
from Claude write `<invoke name="NAME">` and `<parameter name="KEY">value</parameter>`. Any closing
tag may be missing, and a value is bare text that nobody escaped.
"""

import re
from typing import Any, Final

from msgspec import structs

from adapters.repair.damage import objects_in
from adapters.repair.damage import read as read_json
from adapters.repair.offered import Offered
from adapters.repair.scanning import Reading, Source, Words
from adapters.repair.units import value
from adapters.repair.written import Block, Written

__all__ = ["read_claude", "read_function", "read_invoke", "read_wrapped", "trimmed"]

_FUNCTION: Final = ("<function=", "<function name=", "<invoke name=")
_PARAMETER: Final = ("<parameter=", "<parameter name=")
_FUNCTION_END: Final = ("</function>", "</invoke>")
_OUTER_END: Final = ("</tool_call>", "</minimax:tool_call>", "</function_calls>")
_ENDS: Final = _FUNCTION + _PARAMETER + _FUNCTION_END + _OUTER_END

_FUNCTIONS: Final = Words(*_FUNCTION)
_CLOSE_FUNCTION: Final = Words(*_FUNCTION_END)
_NEXT_FUNCTION: Final = Words(*_FUNCTION, *_OUTER_END)
_VALUE_ENDS: Final = Words("</parameter>", *_ENDS)
_TAG_END: Final = Words(">", "\n")
_OUTSIDE_QUOTES: Final = re.compile(r"""\s*+["']?+([^"']*+)""")
_LONGEST_TAG: Final = 256


def read_wrapped(source: Source, offered: Offered) -> Reading[Block | None]:
    """Behind an outer tag: functions up to its closing tag."""
    yield from source.blank()
    opening = yield from source.here(_FUNCTIONS)
    return (yield from _functions(source, offered, opening)) if opening else None


def read_claude(source: Source, offered: Offered) -> Reading[Block | None]:
    """Behind `<function_calls>`, which stands for no MiniMax: its paths are as they are meant."""
    block = yield from read_wrapped(source, offered)
    return structs.replace(block, spaced=False) if block else None


def read_function(source: Source, offered: Offered) -> Reading[Block | None]:
    """Behind `<function=`, the outer tag missing."""
    return (yield from _functions(source, offered, "<function="))


def read_invoke(source: Source, offered: Offered) -> Reading[Block | None]:
    """Behind `<invoke name=`, the outer tag missing."""
    return (yield from _functions(source, offered, "<invoke name="))


def _functions(source: Source, offered: Offered, opening: str) -> Reading[Block | None]:
    kind = "minimax" if opening == "<invoke name=" else "qwen-xml"
    calls: list[Written] = []
    while opening in _FUNCTION:
        name = offered.named((yield from _attribute(source)))
        arguments = (yield from _arguments(source, offered, name)) if name else None
        if name is None or arguments is None:
            return None
        calls.append(Written(name, arguments, texts=True))
        behind = source.at
        yield from source.blank()
        opening = yield from source.here(_NEXT_FUNCTION)
    if not opening:
        source.at = behind
    return Block(kind, tuple(calls), spaced=kind == "minimax")


def _attribute(source: Source) -> Reading[str]:
    """What the tag names, its quotes and further attributes cut off."""
    text, end = yield from source.until(_TAG_END)
    if len(text) > _LONGEST_TAG or end != ">":
        source.at -= len(end)
        return ""
    found = _OUTSIDE_QUOTES.match(text)
    return found.group(1).strip() if found else ""


def _arguments(source: Source, offered: Offered, name: str) -> Reading[dict[str, Any] | None]:
    """What the function is called with; `None` if it cannot be told, or was cut off."""
    behind = source.at
    yield from source.blank()
    if (yield from source.peek()) == "{":
        found = yield from value(source)
        inner = objects_in(found.values[0]) if found else None
        behind = source.at
        yield from source.blank()
        if not (yield from source.here(_CLOSE_FUNCTION)):
            source.at = behind
        return inner.value if inner else None
    source.at = behind
    return (yield from _parameters(source, offered, name))


def _parameters(source: Source, offered: Offered, name: str) -> Reading[dict[str, Any] | None]:
    # `<city>Paris</parameter>`: the model forgot what a parameter looks like, but not its name.
    halves = {f"<{key.lower()}>": key for key in offered.properties(name)}
    starts = Words(*_ENDS, *halves)
    arguments: dict[str, Any] = {}
    while True:
        behind = source.at
        yield from source.blank()
        tag = yield from source.here(starts)
        if tag in _FUNCTION_END:
            return arguments
        if tag in _PARAMETER or tag in halves:
            key = halves.get(tag) or (yield from _attribute(source))
            ends = Words("</parameter>", f"</{key}>", *_ENDS) if tag in halves else _VALUE_ENDS
            text = (yield from _value(source, ends)) if key else None
            if text is None:
                return None
            arguments[key] = text
            continue
        at_end = source.at == len(source.text) and not tag
        source.at = behind
        if at_end and (source.cut or not arguments) and not offered.satisfied(name, arguments):
            return None
        return arguments if arguments or tag or at_end else None


def _value(source: Source, ends: Words) -> Reading[str | None]:
    """A parameter's text up to its closing tag, else up to the next tag; `None` if cut off."""
    text, end = yield from source.until(ends)
    if end in _ENDS:
        source.at -= len(end)
    if not end and (not text.strip() or (source.cut and not _complete(text))):
        return None
    return trimmed(text)


def _complete(text: str) -> bool:
    """Whether a text that was cut is whole JSON. `12` may be the beginning of `123`."""
    found = read_json(text)
    return found is not None and not found.damaged and isinstance(found.value, dict | list | str)


def trimmed(text: str) -> str:
    """Without the one line end on each side that the markup puts around a value."""
    return text.removeprefix("\n").removesuffix("\n")
