"""JSON values as they stand in a text: one or several, in a code fence or not, maybe unclosed."""

import re
from typing import Any, Final, NamedTuple

from adapters.repair.damage import read
from adapters.repair.scanning import Reading, Source, Words

__all__ = ["Values", "value", "values"]

_OUTSIDE: Final = re.compile(r"""["'{}\[\]<`]""")
_INSIDE: Final = {'"': re.compile(r'["\\]'), "'": re.compile(r"['\\]")}
_FENCE: Final = Words("```")
_LANGUAGE: Final = re.compile(r"[A-Za-z_]*")
_BETWEEN: Final = re.compile(r"[\s,;]*")
_CLOSES_QUOTE: Final = ",:}]"


class Values(NamedTuple):
    """JSON values in their order, and whether any had to be mended."""

    values: list[Any]
    damaged: bool


def values(source: Source) -> Reading[Values | None]:
    """All values from here on, with white space, commas or semicolons between them.

    Stops right behind the last one. `None` if one cannot be read, or if there is none.
    """
    found: list[Any] = []
    damaged = False
    while True:
        behind = source.at
        yield from source.over(_BETWEEN)
        fenced = yield from _fence(source)
        if (yield from source.peek()) not in ("{", "["):
            if found:
                source.at = behind
            break
        one = yield from value(source)
        if one is None:
            return None
        found.append(one.values[0])
        damaged |= one.damaged
        if fenced:
            yield from _fence_end(source)
    return Values(found, damaged) if found else None


def value(source: Source) -> Reading[Values | None]:
    """The value whose bracket stands here; `None` if it cannot be read or was cut off."""
    start = source.at
    closed = yield from _balanced(source)
    if not closed and source.cut and source.at == len(source.text):
        return None
    one = read(source.text[start : source.at])
    return Values([one.value], one.damaged) if one else None


def _fence(source: Source) -> Reading[bool]:
    if not (yield from source.here(_FENCE)):
        return False
    yield from source.over(_LANGUAGE)
    yield from source.blank()
    return True


def _fence_end(source: Source) -> Reading[None]:
    behind = source.at
    yield from source.blank()
    if not (yield from source.here(_FENCE)):
        source.at = behind


def _balanced(source: Source) -> Reading[bool]:
    """Pass over a value to the bracket that closes it, if there is one.

    `<` and a backtick cannot stand outside of a string: the markup goes on, and the model forgot
    to close its brackets.
    """
    depth = 0
    while True:
        found = _OUTSIDE.search(source.text, source.at)
        if found is None:
            source.at = len(source.text)
            if not (yield from source.more()):
                return False
            continue
        source.at = found.start()
        match found.group():
            case "<" | "`":
                return False
            case '"' | "'" as quote:
                source.at += 1
                yield from _string(source, quote)
            case "{" | "[":
                depth += 1
                source.at += 1
            case _:
                depth -= 1
                source.at += 1
                if depth == 0:
                    return True


def _string(source: Source, quote: str) -> Reading[None]:
    """Pass over the rest of a string, and its closing quote."""
    while True:
        found = _INSIDE[quote].search(source.text, source.at)
        if found is None:
            source.at = len(source.text)
            if not (yield from source.more()):
                return
            continue
        source.at = found.end()
        if found.group() == "\\":
            if not (yield from source.peek()):
                return
            source.at += 1
        elif quote == '"' or (yield from _is_closing(source)):
            return


def _is_closing(source: Source) -> Reading[bool]:
    """Whether the single quote before this place is no apostrophe."""
    behind = source.at
    yield from source.blank()
    following = yield from source.peek()
    source.at = behind
    return not following or following in _CLOSES_QUOTE
