"""Calls without any marker: an answer that is JSON, bare or in a code fence.

Whether such an answer is a call or an example for the reader is told by what it says and by what
stands around it, so this is the only family that wants to be sure of everything at once.
"""

import re
from typing import Final

from adapters.repair.offered import Offered
from adapters.repair.scanning import Reading, Source, Words
from adapters.repair.units import values
from adapters.repair.written import Block, calls_in

__all__ = ["SHORT", "read"]

SHORT: Final = 200
"""Characters of prose that may stand before a call, and behind it."""

_FENCE: Final = Words("```")
_LANGUAGE: Final = re.compile(r"[A-Za-z_]*")
_LANGUAGES: Final = frozenset({"", "json", "text", "tool", "tool_call", "tool_calls"})
_NAME_KEYS: Final = frozenset({"name", "tool_name", "tool", "action"})
_ARGUMENT_KEYS: Final = frozenset(
    {"arguments", "parameters", "args", "input", "action_input", "tool_input"}
)
_FIRST_KEYS: Final = _NAME_KEYS | _ARGUMENT_KEYS | {"function", "tool_calls", "type"}
_TYPES: Final = frozenset({"function", "tool_call", "tool_use"})
_EXAMPLE: Final = re.compile(
    r"\b(?:examples?|sample|template|syntax|format|schema|for instance|such as|looks? like|e\.g)\b",
    re.IGNORECASE,
)


def read(source: Source, offered: Offered, said: str) -> Reading[Block | None]:
    """From the first bracket or fence on, which begins a line; `said` is the prose before it."""
    start = source.at
    first = yield from source.peek()
    if not (yield from _promises(source, offered)):
        return None
    source.at = start
    found = yield from values(source)
    if found is None:
        return None
    kind = _kind(first, said)
    block = calls_in(kind, found.values, damaged=found.damaged, exact=True)
    if block is None or not _callable(block, offered):
        return None
    behind = source.at
    rest = yield from _rest(source)
    source.at = behind
    return None if rest is None or _EXAMPLE.search(said) or _EXAMPLE.search(rest) else block


def _kind(first: str, said: str) -> str:
    if first == "`" or said.strip():
        return "markdown-json"
    return "mistral" if first == "[" else "llama-json"


def _promises(source: Source, offered: Offered) -> Reading[bool]:
    """Whether the first key is one that calls have, and its value, if it is a name, is known.

    Seen early, so that JSON which is the answer itself is not kept from its reader.
    """
    if (yield from source.here(_FENCE)):
        begin = source.at
        yield from source.over(_LANGUAGE)
        if source.text[begin : source.at].lower() not in _LANGUAGES:
            return False
        yield from source.blank()
    if (yield from source.peek()) == "[":
        source.at += 1
        yield from source.blank()
    if (yield from source.peek()) != "{":
        return False
    source.at += 1
    key = yield from _string(source)
    if key not in _FIRST_KEYS:
        return False
    yield from source.blank()
    if (yield from source.peek()) != ":":
        return False
    source.at += 1
    if key not in _NAME_KEYS and key != "type":
        return True
    word = yield from _string(source)
    return word in _TYPES if key == "type" else bool(word and offered.named(word))


def _string(source: Source) -> Reading[str | None]:
    """A string of nothing but name characters; `None` if there is another thing."""
    yield from source.blank()
    quote = yield from source.peek()
    if quote not in ('"', "'"):
        return None
    source.at += 1
    word = yield from source.name()
    if (yield from source.peek()) != quote:
        return None
    source.at += 1
    return word


def _callable(block: Block, offered: Offered) -> bool:
    """Whether every call is of an offered tool and lacks none of its required arguments."""
    names = [offered.named(call.name) for call in block.calls]
    return all(
        name is not None and offered.satisfied(name, call.arguments)
        for name, call in zip(names, block.calls, strict=True)
    )


def _rest(source: Source) -> Reading[str | None]:
    """All that follows; `None` as soon as that is no short prose."""
    start = source.at
    while len(source.text) - start <= SHORT:
        if not (yield from source.more()):
            return source.text[start:]
    return None
