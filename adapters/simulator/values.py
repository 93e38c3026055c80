"""Guesses for single values: from the words of the message, else from the name they go by."""

import re
from collections.abc import Sequence

from msgspec import Struct

__all__ = ["Guess"]

_QUOTED = re.compile(r"[\"“”‘«]([^\"“”’»]{1,80})[\"“”’»]|(?<!\w)'([^']{1,80})'(?!\w)")
_PROPER = re.compile(r"(?<![.!?:]\s)(?<!^)\b[A-Z][\w'’-]*(?:\s[A-Z][\w'’-]*)*")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]*\w)")
_SUM = re.compile(r"\(*\d[\d\s.()]*(?:[-+*/^%][\d\s.()]+)+")
_ADDRESS = re.compile(r"\bhttps?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]*\w")
_PATH = re.compile(r"(?<![\w/])[\w~./-]*\w\.[a-z]{1,4}\b|(?<![\w/])[~.]{0,2}/[\w./-]+")
_COMMAND = re.compile(r"`([^`\n]{1,200})`")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

_LISTENED = 4_000  # characters
_WHOLE = {
    "query",
    "question",
    "text",
    "input",
    "prompt",
    "message",
    "content",
    "instruction",
    "task",
}
_ENTITIES = {"author", "capital", "city", "country", "location", "name", "person", "place", "word"}
_SPECIAL = {
    "expression": _SUM,
    "formula": _SUM,
    "calculation": _SUM,
    "cmd": _COMMAND,
    "command": _COMMAND,
    "url": _ADDRESS,
    "uri": _ADDRESS,
    "link": _ADDRESS,
    "email": _EMAIL,
    "path": _PATH,
    "file": _PATH,
    "filename": _PATH,
}
_TEXTS: dict[str, str | tuple[str, ...]] = {
    "answer": "It depends on what you compare it with, but the short answer is yes.",
    "author": "Ada Lovelace",
    "capital": ("Paris", "Lisbon", "Kyoto"),
    "category": "general",
    "city": ("Paris", "Lisbon", "Kyoto"),
    "code": 'def hello() -> str:\n    """Say hello."""\n    return "Hello!"\n',
    "color": "green",
    "colour": "green",
    "country": ("France", "Portugal", "Japan"),
    "currency": "EUR",
    "date": "2026-03-14",
    "day": "Monday",
    "description": "A short description of what was asked.",
    "email": "ada@example.com",
    "explanation": "This follows from what was asked.",
    "expression": "6 * 7",
    "file": "notes.txt",
    "filename": "notes.txt",
    "id": "a1",
    "ingredient": "rice flour",
    "key": "item",
    "label": "example",
    "language": "English",
    "location": ("Paris", "Lisbon", "Kyoto"),
    "month": "March",
    "name": ("Ada Lovelace", "Alan Turing", "Grace Hopper"),
    "path": "notes.txt",
    "person": ("Ada Lovelace", "Alan Turing", "Grace Hopper"),
    "phone": "+33 1 23 45 67 89",
    "place": ("Paris", "Lisbon", "Kyoto"),
    "reason": "It fits the question best.",
    "sentiment": "positive",
    "status": "ok",
    "step": "Begin with the smallest part that works.",
    "street": "12 Rue de la Paix",
    "summary": "A short summary of what was asked.",
    "tag": "example",
    "time": "09:30",
    "timezone": "Europe/Paris",
    "title": "A small example",
    "unit": "celsius",
    "url": "https://example.com/",
    "word": "mochi",
}
_NUMBERS = {
    "age": 36,
    "confidence": 0.9,
    "count": 3,
    "day": 14,
    "hour": 9,
    "latitude": 48.86,
    "longitude": 2.35,
    "month": 3,
    "percent": 42,
    "population": 2_100_000,
    "price": 19.5,
    "probability": 0.9,
    "quantity": 2,
    "rating": 4,
    "score": 0.8,
    "temperature": 21,
    "year": 2026,
}


class Guess(Struct, frozen=True):
    """What the message offers; `skip` passes over that many of its candidates."""

    message: str = ""
    skip: int = 0

    @property
    def _heard(self) -> str:
        """The beginning: looking for an address takes time that grows with the square."""
        return self.message[:_LISTENED]

    def later(self, steps: int) -> "Guess":
        return Guess(self.message, self.skip + steps)

    def text(self, name: str) -> str:
        parts = _parts(name)
        for part in parts:
            if part in _SPECIAL and (found := _SPECIAL[part].findall(self._heard)):
                return str(_picked(found, self.skip)).strip()
        if self.message and any(part in _WHOLE for part in parts):
            return self.message.strip()
        known = next((part for part in parts if part in _TEXTS), "")
        values = _TEXTS.get(known, "example")
        choices = [values] if isinstance(values, str) else list(values)
        if not known or known in _ENTITIES:
            choices = list(dict.fromkeys([*self._named_things(), *choices]))
        again, index = divmod(self.skip, len(choices))
        return f"{choices[index]} {again + 1}" if again else choices[index]

    def number(self, name: str) -> float:
        if found := _NUMBER.findall(self._heard):
            return float(_picked(found, self.skip)) + self.skip // len(found)
        known = next((_NUMBERS[part] for part in _parts(name) if part in _NUMBERS), 7)
        return known + self.skip

    def member(self, options: Sequence[object]) -> int:
        """Which of the options the message names; the first when it names none."""
        lower = self.message.lower()
        for index, option in enumerate(options):
            if isinstance(option, str) and option and option.lower() in lower:
                return (index + self.skip) % len(options)
        return self.skip % len(options)

    def _named_things(self) -> list[str]:
        quoted = [first or second for first, second in _QUOTED.findall(self._heard)]
        return quoted or _PROPER.findall(self._heard)


def _parts(name: str) -> list[str]:
    """`departureCity` and `departure_city` as `city`, `departure`: the noun comes last."""
    parts = [part.lower() for part in _PART.findall(name)]
    return [part for word in reversed(parts) for part in (word, word.removesuffix("s"))]


def _picked(found: Sequence[str], skip: int) -> str:
    return found[skip % len(found)]
