"""A value that fits a JSON Schema, filled with guesses from the message."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.simulator.combining import merged, resolved
from adapters.simulator.fitting import Judge
from adapters.simulator.scalars import number, text
from adapters.simulator.values import Guess

__all__ = ["BadSchema", "instance"]

_DEEP = 5  # below this, what is optional is left out
_TOO_DEEP = 40  # a schema that requires itself has no finite value
_MANY, _TOO_MANY = 500, 5_000  # values in one document
_MOST_ITEMS = 1_000
_VARIATIONS = 50

Schema = Mapping[str, Any]


class BadSchema(Exception):
    """The schema is not one: a keyword has a value of the wrong type."""


def instance(schema: Any, guess: Guess) -> Any:
    """A value for `schema`; where a schema contradicts itself, one that fits most of it."""
    try:
        return _Builder(schema).value(schema, "", guess, 0)
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError, OverflowError):
        raise BadSchema from None


class _Builder:
    """Holds what stays the same on the way down: the root, for `$ref`, and how much there is."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.judge = Judge(root)
        self.built = 0

    def value(self, schema: Any, name: str, guess: Guess, depth: int) -> Any:
        self.built += 1
        if not isinstance(schema, Mapping):
            return guess.text(name)
        if depth > _TOO_DEEP or self.built > _TOO_MANY:
            return None
        schema = resolved(schema, self.root)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._member(schema, guess)
        if ways := self._ways(schema, depth):
            return self._first_fitting(schema, ways, name, guess, depth)
        return self._typed(schema, name, guess, depth)

    def _deep(self, depth: int) -> bool:
        return depth > _DEEP or self.built > _MANY

    def _member(self, schema: Schema, guess: Guess) -> Any:
        options = schema["enum"]
        start = guess.member(options)
        rest = _without(schema, "enum")
        turned = [*options[start:], *options[:start]]
        return next((option for option in turned if self.judge.fits(option, rest)), options[0])

    def _ways(self, schema: Schema, depth: int) -> list[Schema]:
        """The schemas without alternatives that a value can be made by; empty if it has none."""
        for keyword in ("anyOf", "oneOf"):
            if schema.get(keyword):
                rest = _without(schema, keyword)
                branches = sorted(schema[keyword], key=_weight if self._deep(depth) else _unmoved)
                return [merged(rest, branch) for branch in branches]
        if "if" in schema:
            rest = _without(schema, "if", "then", "else")
            then = merged(merged(rest, schema["if"]), schema.get("then", {}))
            return [rest, then, merged(rest, schema.get("else", {}))]
        if "not" in schema and not isinstance(schema.get("type", ""), str):
            return [{**_without(schema, "not"), "type": kind} for kind in schema["type"]]
        return []

    def _first_fitting(
        self, schema: Schema, ways: list[Schema], name: str, guess: Guess, depth: int
    ) -> Any:
        """The first value that fits the whole, or else the first."""
        made: list[Any] = []
        for way in ways:
            made.append(self.value(way, name, guess, depth + 1))
            if self.judge.fits(made[-1], schema):
                return made[-1]
        return made[0]

    def _typed(self, schema: Schema, name: str, guess: Guess, depth: int) -> Any:
        match _kind(schema):
            case "object":
                return self._object(schema, guess, depth)
            case "array":
                return self._array(schema, name, guess, depth)
            case "integer":
                return int(number(schema, name, guess, whole=True))
            case "number":
                return number(schema, name, guess, whole=False)
            case "boolean":
                return guess.skip % 2 == 0
            case "null":
                return None
            case _:
                return text(schema, name, guess, self.judge)

    def _object(self, schema: Schema, guess: Guess, depth: int) -> dict[str, Any]:
        required = schema.get("required") or ()
        more = schema.get("additionalProperties", True)
        found = {
            key: self.value(member, key, guess, depth + 1)
            for key, member in (schema.get("properties") or {}).items()
            if (key in required or not self._deep(depth)) and member is not False
        }
        missing = [key for key in required if key not in found]
        for key in (*missing, *self._additional(schema, len(found) + len(missing), depth)):
            found[key] = self.value(more, key, guess, depth + 1)
        return found

    def _additional(self, schema: Schema, there: int, depth: int) -> Iterator[str]:
        """Names for members that no property describes: as many as have to be, or one to see."""
        more = schema.get("additionalProperties", True)
        if more is False or "patternProperties" in schema or "propertyNames" in schema:
            return
        shown = int(isinstance(more, Mapping) and not self._deep(depth))
        fewest = min(schema.get("minProperties", shown), _MOST_ITEMS)
        yield from (f"item_{index}" for index in range(there + 1, fewest + 1))

    def _array(self, schema: Schema, name: str, guess: Guess, depth: int) -> list[Any]:
        items = schema.get("items", True)
        tuple_of = items if isinstance(items, Sequence) else ()  # as it was written before 2020
        first = schema.get("prefixItems", tuple_of)
        rest: Any = True if tuple_of else items
        if "contains" in schema:
            rest = merged(rest if isinstance(rest, Mapping) else {}, schema["contains"])
        wanted = max(schema.get("minItems", 0), len(first), int(not self._deep(depth)))
        found: list[Any] = []
        for index in range(min(wanted, schema.get("maxItems", _MOST_ITEMS), _MOST_ITEMS)):
            of = first[index] if index < len(first) else rest
            if of is False:
                break
            taken = found if schema.get("uniqueItems") is True else []
            found.append(self._unlike(taken, of, name, guess.later(index), depth + 1))
        return found

    def _unlike(self, taken: list[Any], of: Any, name: str, guess: Guess, depth: int) -> Any:
        """A value that is not among those taken, if a few tries find one."""
        known = {json.dumps(item, sort_keys=True) for item in taken}
        value = self.value(of, name, guess, depth)
        for step in range(1, _VARIATIONS):
            if json.dumps(value, sort_keys=True) not in known:
                break
            value = self.value(of, name, guess.later(step), depth)
        return value


def _without(schema: Schema, *keywords: str) -> Schema:
    return {key: value for key, value in schema.items() if key not in keywords}


def _unmoved(branch: Any) -> int:
    return 0


def _weight(branch: Any) -> int:
    """How far a branch leads on: null and constants nowhere, references who knows where."""
    if not isinstance(branch, Mapping) or "$ref" in branch:
        return 4
    if "const" in branch or "enum" in branch:
        return 0
    return {"null": 0, "array": 2, "object": 3}.get(_kind(branch), 1)


_HINTS = {
    "object": ("properties", "required", "additionalProperties", "minProperties"),
    "array": ("items", "prefixItems", "minItems", "contains", "uniqueItems"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


def _kind(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, str) and kind:
        return kind
    if isinstance(kind, Sequence) and kind:
        return next((str(one) for one in kind if one != "null"), "null")
    for name, keywords in _HINTS.items():
        if any(key in schema for key in keywords):
            return name
    return "string"
