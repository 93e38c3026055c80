"""Which entry of an object is at fault, where any key may stand: msgspec tells the object alone."""

import re

import msgspec
from msgspec import Raw, defstruct

__all__ = ["ANY", "entry_at_fault", "key_at_fault"]

ANY = "[...]"
"""How msgspec writes the place of an entry, behind that of its object."""

STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
TOO_LONG = re.compile(r"Expected `str` of length <= (\d+)")
WRONG_KIND = re.compile(r", got `(\w+)`")
WRONG_WORD = re.compile(r"Invalid enum value '(.*)'", re.DOTALL)

STRING = msgspec.json.Decoder(str)
ENTRIES = msgspec.json.Decoder(dict[str, Raw])
ITEMS = msgspec.json.Decoder(list[Raw])

# By the first byte of a value; anything else begins a number.
KINDS = {b"n": "null", b"t": "bool", b"f": "bool", b'"': "str", b"[": "array", b"{": "object"}


def entry_at_fault(part: bytes | Raw, place: str, mistake: str) -> str | None:
    """The key of the first value in the object at this place of which msgspec could say so.

    `place` is as in `.metadata` or `.items[0].labels`; `None` if nobody can tell.
    """
    for key, value in object_at(part, place).items():
        kind = kind_of(value)
        if longest := TOO_LONG.match(mistake):
            found = kind == "str" and len(STRING.decode(value)) > int(longest[1])
        elif wrong := WRONG_KIND.search(mistake):
            found = kind == wrong[1]
        else:
            word = WRONG_WORD.match(mistake)
            found = word is not None and kind == "str" and STRING.decode(value) == word[1]
        if found:
            return key
    return None


def key_at_fault(part: bytes | Raw, place: str, mistake: str) -> str | None:
    """The first key that is too long."""
    longest = TOO_LONG.match(mistake)
    if longest is None:
        return None
    return next((key for key in object_at(part, place) if len(key) > int(longest[1])), None)


def object_at(part: bytes | Raw, place: str) -> dict[str, Raw]:
    """What stands there; nothing, if that cannot be found again.

    Nothing beside it is read, for a body can be large and hold anything.
    """
    if ANY in place:
        return {}
    try:
        for name, index in STEP.findall(place):
            if name:
                only = msgspec.json.decode(part, type=defstruct("Only", [(name, Raw)]))
                part = getattr(only, name)
            else:
                part = ITEMS.decode(part)[int(index)]
        return ENTRIES.decode(part)
    except (msgspec.DecodeError, RecursionError, LookupError, TypeError, ValueError):
        return {}


def kind_of(value: Raw) -> str:
    """The word by which msgspec calls it."""
    first = memoryview(value)[:1].tobytes()
    if first in KINDS:
        return KINDS[first]
    return "float" if any(sign in bytes(value) for sign in b".eE") else "int"
