"""A value that fits a JSON Schema, filled with guesses from the message."""

import json
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from .fitting import fits, merged, resolved
from .patterns import sample
from .values import Guess

__all__ = ["instance"]

_DEEP = 5  # below this, what is optional is left out
_TOO_DEEP = 40  # a schema that requires itself has no finite value
_MANY, _TOO_MANY = 500, 5_000  # values in one document
_LONGEST = 10_000
_FILLER = " and so on"
_VARIATIONS = 50
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


def instance(schema: Any, guess: Guess) -> Any:
    """A value for `schema`; where a schema contradicts itself, one that fits most of it."""
    return _Builder(schema).value(schema, "", guess, 0)


class _Builder:
    """Holds what stays the same on the way down: the root, for `$ref`."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.built = 0

    def value(self, schema: Any, name: str, guess: Guess, depth: int) -> Any:
        if not isinstance(schema, Mapping):
            return guess.text(name)
        self.built += 1
        if depth > _TOO_DEEP or self.built > _TOO_MANY:
            return None
        schema = resolved(schema, self.root)
        if "const" in schema:
            return schema["const"]
        if isinstance(schema.get("enum"), Sequence) and schema["enum"]:
            return self._member(schema, guess)
        for keyword in ("anyOf", "oneOf"):
            if isinstance(schema.get(keyword), Sequence) and schema[keyword]:
                return self._branch(schema, keyword, name, guess, depth)
        if "if" in schema:
            return self._conditional(schema, name, guess, depth)
        return self._typed(schema, name, guess, depth)

    def _deep(self, depth: int) -> bool:
        return depth > _DEEP or self.built > _MANY

    def _member(self, schema: Mapping[str, Any], guess: Guess) -> Any:
        options = schema["enum"]
        start = guess.member(options)
        rest = {key: value for key, value in schema.items() if key != "enum"}
        turned = [*options[start:], *options[:start]]
        return next((option for option in turned if fits(option, rest, self.root)), options[0])

    def _branch(
        self, schema: Mapping[str, Any], keyword: str, name: str, guess: Guess, depth: int
    ) -> Any:
        """The first branch whose value fits the whole; deep down, the simplest ones first."""
        rest = {key: value for key, value in schema.items() if key != keyword}
        branches = list(schema[keyword])
        if self._deep(depth):
            branches.sort(key=_weight)
        made = (self.value(merged(rest, one), name, guess, depth + 1) for one in branches)
        first: Any = None
        for index, value in enumerate(made):
            first = value if index == 0 else first
            if fits(value, schema, self.root):
                return value
        return first

    def _conditional(self, schema: Mapping[str, Any], name: str, guess: Guess, depth: int) -> Any:
        rest = {key: schema[key] for key in schema if key not in ("if", "then", "else")}
        ways = (
            rest,
            merged(merged(rest, schema["if"]), schema.get("then", {})),
            merged(rest, schema.get("else", {})),
        )
        values = [self.value(way, name, guess, depth + 1) for way in ways]
        return next((value for value in values if fits(value, schema, self.root)), values[0])

    def _typed(self, schema: Mapping[str, Any], name: str, guess: Guess, depth: int) -> Any:
        match _kind(schema):
            case "object":
                return self._object(schema, guess, depth)
            case "array":
                return self._array(schema, name, guess, depth)
            case "integer":
                return int(_number(schema, name, guess, whole=True))
            case "number":
                return _number(schema, name, guess, whole=False)
            case "boolean":
                return guess.skip % 2 == 0
            case "null":
                return None
            case _:
                return _text(schema, name, guess)

    def _object(self, schema: Mapping[str, Any], guess: Guess, depth: int) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema.get("properties") or {}
        required = schema.get("required") or ()
        more = schema.get("additionalProperties", True)
        found = {
            key: self.value(member, key, guess, depth + 1)
            for key, member in properties.items()
            if (key in required or not self._deep(depth)) and member is not False
        }
        for key in required:
            if key not in found:
                found[key] = self.value(more, key, guess, depth + 1)
        fewest = schema.get(
            "minProperties", int(isinstance(more, Mapping) and not self._deep(depth))
        )
        if (
            "patternProperties" not in schema
            and "propertyNames" not in schema
            and more is not False
        ):
            while len(found) < fewest:
                key = f"item_{len(found) + 1}"
                found[key] = self.value(more, key, guess, depth + 1)
        return found

    def _array(self, schema: Mapping[str, Any], name: str, guess: Guess, depth: int) -> list[Any]:
        items = schema.get("items", True)
        first = schema.get("prefixItems", items if isinstance(items, Sequence) else ())
        rest = True if isinstance(items, Sequence) else items
        fewest = schema.get("minItems", 0)
        most = schema.get("maxItems", math.inf)
        contained = schema.get("contains")
        wanted = max(fewest, len(first), int(not self._deep(depth)))
        found: list[Any] = []
        for index in range(int(min(wanted, most, _LONGEST))):
            of = first[index] if index < len(first) else rest
            if of is False:
                break
            if contained is not None and index >= len(first):
                of = merged(of if isinstance(of, Mapping) else {}, contained)
            found.append(self._item(of, name, guess.later(index), depth, schema, found))
        return found

    def _item(
        self,
        of: Any,
        name: str,
        guess: Guess,
        depth: int,
        schema: Mapping[str, Any],
        so_far: list[Any],
    ) -> Any:
        value = self.value(of, name, guess, depth + 1)
        if schema.get("uniqueItems") is not True:
            return value
        taken = {json.dumps(item, sort_keys=True) for item in so_far}
        for step in range(1, _VARIATIONS):
            if json.dumps(value, sort_keys=True) not in taken:
                break
            value = self.value(of, name, guess.later(step), depth + 1)
        return value


def _weight(branch: Any) -> int:
    """How far a branch leads on: null and constants nowhere, references who knows where."""
    if not isinstance(branch, Mapping) or "$ref" in branch:
        return 4
    if "const" in branch or "enum" in branch:
        return 0
    return {"null": 0, "array": 2, "object": 3}.get(_kind(branch), 1)


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, str) and kind:
        return kind
    if isinstance(kind, Sequence) and kind:
        return next((str(one) for one in kind if one != "null"), "null")
    hints = {
        "object": ("properties", "required", "additionalProperties", "minProperties"),
        "array": ("items", "prefixItems", "minItems", "contains", "uniqueItems"),
        "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    }
    return next(
        (name for name, keywords in hints.items() if any(key in schema for key in keywords)),
        "string",
    )


def _text(schema: Mapping[str, Any], name: str, guess: Guess) -> str:
    least = int(schema.get("minLength", 0))
    text: str = _FORMATS.get(schema.get("format", "")) or guess.text(name)
    if fits(text, schema, {}):
        return text
    if "pattern" in schema:
        return sample(str(schema["pattern"]), least) or text
    if len(text) < least:
        return (text + _FILLER * (min(least, _LONGEST) // 10 + 1))[: min(least, _LONGEST)]
    return text[: int(schema.get("maxLength", _LONGEST))]


def _number(schema: Mapping[str, Any], name: str, guess: Guess, *, whole: bool) -> float:
    """The guess, moved inside of the limits, in steps of `multipleOf`."""
    step = _step(schema, whole=whole)
    low, high = _limits(schema, step or (Fraction(1) if whole else Fraction(1, 1000)))
    value = Fraction(str(guess.number(name)))
    if low is not None and value < low:
        value = low + guess.skip * (step or 1)
    if high is not None and value > high:
        value = high - guess.skip * (step or 1)
        value = max(value, low) if low is not None else value
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
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    lowest = None if low is None else Fraction(str(low))
    highest = None if high is None else Fraction(str(high))
    if above is True and lowest is not None:  # draft 4 wrote a boolean beside the limit
        lowest += step
    elif above is not None and not isinstance(above, bool):
        lowest = max(Fraction(str(above)) + step, lowest or Fraction(str(above)))
    if below is True and highest is not None:
        highest -= step
    elif below is not None and not isinstance(below, bool):
        highest = min(Fraction(str(below)) - step, highest or Fraction(str(below)))
    return lowest, highest
