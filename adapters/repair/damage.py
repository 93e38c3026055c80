"""JSON as models damage it, read without guessing at what is not there."""

import re
from typing import Any, Final, NamedTuple

import msgspec

__all__ = ["Read", "objects_in", "read", "unfenced"]

_decode = msgspec.json.Decoder(Any).decode

# Possessive repetitions: no input makes them go back, so the time is linear in the text.
_TOKEN: Final = re.compile(
    r"""
      (?P<string> "[^"\\]*+(?:\\.[^"\\]*+)*+" )
    | (?P<single> '(?:[^'\\]++|\\.|'(?!\s{0,9}+(?:[,:}\]]|\Z)))*+' )
    | (?P<trailing> ,(?=\s{0,99}+[}\]]) )
    | (?P<word> [A-Za-z_]++ | -Infinity )
    | (?P<plain> [{}\[\]:,] | \s++ | -?[0-9][0-9.eE+-]*+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_WORDS: Final = {
    "true": "true",
    "True": "true",
    "false": "false",
    "False": "false",
    "null": "null",
    "None": "null",
    "NaN": "null",
    "Infinity": "null",
    "-Infinity": "null",
}
_ODD: Final = re.compile(r"\\.|[\x00-\x1f\"]", re.DOTALL)
_FENCE: Final = re.compile(r"\A\s*+```\w*+\s*+")
_TWICE: Final = 3


class Read(NamedTuple):
    """What a text says, and whether it had to be mended for that."""

    value: Any
    damaged: bool


def read(text: str) -> Read | None:
    """The value of a JSON text; `None` if there is no telling.

    Mended in this order: trailing commas, single quotes, Python's literals, raw line ends and
    false escapes in strings, brackets that were never closed. Nothing is closed inside a string,
    behind a key or a comma: there a value would have to be made up.
    """
    try:
        return Read(_decode(text), False)
    except (ValueError, RecursionError):
        pass
    mended = _mended(text)
    if mended is None:
        return None
    try:
        return Read(_decode(mended), True)
    except (ValueError, RecursionError):
        return None


def objects_in(value: Any) -> Read | None:
    """The object that a call's arguments are: as such, as its JSON text, or as the text of that.

    Nothing at all is an empty object.
    """
    damaged = False
    for _ in range(_TWICE):
        match value:
            case dict():
                return Read(value, damaged)
            case None:
                return Read({}, damaged)
            case str() if not value.strip():
                return Read({}, True)
            case str():
                inner = read(unfenced(value))
                if inner is None:
                    return None
                damaged |= inner.damaged or isinstance(inner.value, str)
                value = inner.value
            case _:
                return None
    return None


def unfenced(text: str) -> str:
    """The text without a code fence around it."""
    if "```" not in text[:64]:
        return text
    return _FENCE.sub("", text).rstrip().removesuffix("```").rstrip()


def _mended(text: str) -> str | None:
    parts: list[str] = []
    closing: list[str] = []
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            return None
        position = token.end()
        part = _rewritten(token)
        if part is None:
            return None
        if part in ("{", "["):
            closing.append("}" if part == "{" else "]")
        elif part in ("}", "]") and (not closing or closing.pop() != part):
            return None
        parts.append(part)
    return "".join(parts + closing[::-1])


def _rewritten(token: re.Match[str]) -> str | None:
    text = token.group()
    match token.lastgroup:
        case "string" | "single":
            return f'"{_ODD.sub(_escaped, text[1:-1])}"'
        case "trailing":
            return ""
        case "word":
            return _WORDS.get(text)
        case _:
            return text


def _escaped(odd: re.Match[str]) -> str:
    text = odd.group()
    match text:
        case "\n":
            return r"\n"
        case "\r":
            return r"\r"
        case "\t":
            return r"\t"
        case '"':
            return r"\""
        case r"\'":
            return "'"
        case _ if len(text) == 1:
            return f"\\u{ord(text):04x}"
        case _ if text[1] in '"\\/bfnrtu':
            return text
        case _:
            return r"\\" + _ODD.sub(_escaped, text[1:])
