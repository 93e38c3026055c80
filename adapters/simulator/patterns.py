"""Regular expressions of callers: what fits one, and a short string for one of the simple kind."""

import re
from functools import lru_cache
from typing import Any

__all__ = ["matches", "sample"]

_QUANTIFIER = re.compile(r"\{(\d*)(,?)(\d*)\}|[*+?]")
_SET = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_CLASSES = {"d": "7", "w": "a", "s": " ", "D": "x", "W": "-", "S": "x"}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_CANDIDATES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_.,:/@#+"
_LONGEST = 10_000  # a pattern may ask for millions of repetitions


class _Unsupported(Exception):
    """Look-around, back-references, and whatever else is not simple."""


def matches(pattern: str, text: str) -> bool:
    """Whether `pattern` is found in `text`, in linear time; `ValueError` where that cannot be had.

    Python's own engine goes back and forth for ever over a pattern such as `^(a+)+$`, and whatever
    else runs on this event loop would stand still with it.
    """
    found: bool = _matcher(pattern).is_valid(text)
    return found


@lru_cache(maxsize=64)
def _matcher(pattern: str) -> Any:
    import jsonschema_rs  # takes 50 ms, which only schemas with patterns should cost

    return jsonschema_rs.validator_for(
        {"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions()
    )


def sample(pattern: str, at_least: int = 0) -> str | None:
    """A string that `pattern` matches, of `at_least` that many characters where it can grow."""
    for growth in (0, at_least):
        try:
            text = _Writer(pattern, growth).alternatives()
            if matches(pattern, text) and len(text) >= at_least:
                return text
        except (_Unsupported, re.error, ValueError, RecursionError, OverflowError):
            return None
    return None


class _Writer:
    """Walks the pattern once and writes the shortest text; open repetitions run to `growth`."""

    def __init__(self, pattern: str, growth: int) -> None:
        self.pattern = pattern
        self.growth = growth
        self.position = 0

    def alternatives(self) -> str:
        """The first alternative; the others are read and thrown away."""
        first = self._sequence()
        while self._taken("|"):
            self._sequence()
        return first

    def _sequence(self) -> str:
        text = ""
        while self.position < len(self.pattern) and self.pattern[self.position] not in "|)":
            atom, times = self._atom(), self._times()
            if len(text) + len(atom) * times > _LONGEST:
                raise _Unsupported
            text += atom * times
        return text

    def _times(self) -> int:
        matched = _QUANTIFIER.match(self.pattern, self.position)
        if not matched:
            return 1
        self.position = matched.end()
        self._taken("?")
        least, most = _bounds(matched)
        return max(least, self.growth if most is None else min(most, self.growth))

    def _taken(self, character: str) -> bool:
        if self.pattern.startswith(character, self.position):
            self.position += len(character)
            return True
        return False

    def _atom(self) -> str:
        character = self.pattern[self.position]
        self.position += 1
        match character:
            case "^" | "$":
                return ""
            case ".":
                return "a"
            case "(":
                return self._group()
            case "[":
                return self._set()
            case "\\":
                return self._escape()
            case _:
                return character

    def _group(self) -> str:
        if self._taken("?") and not self._taken(":"):
            self._name()
        text = self.alternatives()
        if not self._taken(")"):
            raise _Unsupported
        return text

    def _name(self) -> None:
        named = re.compile(r"P?<[A-Za-z_]\w*>").match(self.pattern, self.position)
        if not named:
            raise _Unsupported
        self.position = named.end()

    def _escape(self) -> str:
        letter = self.pattern[self.position : self.position + 1]
        self.position += 1
        if letter in ("b", "B", "A", "Z"):
            return ""
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter.isalnum() or not letter:
            raise _Unsupported
        return letter

    def _set(self) -> str:
        matched = _SET.match(self.pattern, self.position - 1)
        if not matched:
            raise _Unsupported
        self.position = matched.end()
        allowed = re.compile(matched[0]).match
        # the characters that the set itself names come first
        first = next((one for one in matched[0][1:-1] + _CANDIDATES if allowed(one)), None)
        if first is None:
            raise _Unsupported
        return first


def _bounds(matched: re.Match[str]) -> tuple[int, int | None]:
    match matched[0]:
        case "*":
            return 0, None
        case "+":
            return 1, None
        case "?":
            return 0, 1
        case _:
            least = int(matched[1] or 0)
            if not matched[2]:
                return least, least
            return least, int(matched[3]) if matched[3] else None
