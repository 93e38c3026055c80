"""Strings and numbers inside of the limits that a JSON Schema sets."""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from adapters.simulator.fitting import Judge
from adapters.simulator.patterns import sample
from adapters.simulator.values import Guess

__all__ = ["number", "text"]

_LONGEST = 10_000
_FILLER = " and so on"
_CLOSE = Fraction(1, 1000)  # how near to an exclusive limit a fraction goes
_FORMATS = {
    "date-time": "2026-03-14T09:30:00Z",
    "date": "2026-03-14",
    "time": "09:30:00Z",
    "duration": "PT15M",
    "email": "ada@example.com",
    "idn-email": "ada@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uri-reference": "/a",
    "iri": "https://example.com/",
    "iri-reference": "/a",
    "uri-template": "/{id}",
    "uuid": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "json-pointer": "/a",
    "relative-json-pointer": "0",
    "regex": "^a+$",
}


def text(schema: Mapping[str, Any], name: str, guess: Guess, judge: Judge) -> str:
    least = min(int(schema.get("minLength", 0)), _LONGEST)
    most = int(schema.get("maxLength", _LONGEST))
    guessed: str = _FORMATS.get(schema.get("format", "")) or guess.text(name)
    if judge.fits(guessed, schema):
        return guessed
    if "pattern" in schema:
        return sample(str(schema["pattern"]), least) or guessed
    if len(guessed) < least:
        guessed = (guessed + _FILLER * (least // len(_FILLER) + 1))[:least]
    return guessed[:most]


def number(schema: Mapping[str, Any], name: str, guess: Guess, *, whole: bool) -> float:
    """The guess, moved inside of the limits, in steps of `multipleOf`."""
    step = _step(schema, whole=whole)
    low, high = _limits(schema, step or _CLOSE)
    value = Fraction(str(guess.number(name)))
    if low is not None and value < low:
        value = low + guess.skip * (step or 1)
    if high is not None and value > high:
        value = high if low is None else max(low, high - guess.skip * (step or 1))
    if step:
        value = math.ceil(value / step) * step
        if high is not None and value > high:
            value -= step
    return int(value) if value.denominator == 1 else float(value)


def _step(schema: Mapping[str, Any], *, whole: bool) -> Fraction | None:
    multiple = schema.get("multipleOf")
    if not isinstance(multiple, int | float) or multiple <= 0:
        return Fraction(1) if whole else None
    step = Fraction(str(multiple))
    return step * step.denominator if whole else step


def _limits(schema: Mapping[str, Any], step: Fraction) -> tuple[Fraction | None, Fraction | None]:
    """The least and the greatest value; an exclusive limit lies a step away.

    Draft 4 wrote a boolean beside the limit, later drafts the limit itself.
    """
    low, high = _fraction(schema.get("minimum")), _fraction(schema.get("maximum"))
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    over = low if above is True else _fraction(above)
    under = high if below is True else _fraction(below)
    lows = [limit for limit in (low, None if over is None else over + step) if limit is not None]
    highs = [
        limit for limit in (high, None if under is None else under - step) if limit is not None
    ]
    return max(lows, default=None), min(highs, default=None)


def _fraction(limit: Any) -> Fraction | None:
    return None if limit is None or isinstance(limit, bool) else Fraction(str(limit))
