"""Whether a value fits a JSON Schema, as far as shapes go.

Types, required and forbidden keys, items, enumerations, unions and local references are looked
at; formats, patterns and ranges are not: nothing could be mended about them.
"""

from typing import Any, Final

__all__ = ["Budget", "OutOfBudget", "branches", "fits", "resolved", "types_of"]

_STEPS: Final = 20_000
_HOPS: Final = 32


class OutOfBudget(Exception):
    """A schema that refers to itself asks for more steps than a call is worth."""


class Budget:
    """The steps that are left for one call; every schema looked at is one."""

    __slots__ = ("_left", "root")

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root
        self._left = _STEPS

    def spend(self, steps: int = 1) -> None:
        self._left -= steps
        if self._left < 0:
            raise OutOfBudget


def resolved(schema: Any, budget: Budget) -> dict[str, Any]:
    """The schema that a local `$ref` leads to; `{}`, which fits all, for `true` and the unknown."""
    budget.spend()
    for _ in range(_HOPS):
        if not isinstance(schema, dict):
            return {}
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        schema = budget.root
        for step in reference.removeprefix("#").split("/")[1:]:
            schema = schema.get(step) if isinstance(schema, dict) else None
    return {}


def types_of(schema: dict[str, Any]) -> tuple[str, ...]:
    """The types that a schema names, or those that its keywords imply; `()` for any type."""
    match schema.get("type"):
        case str(one):
            return (one,)
        case [*several]:
            return tuple(str(each) for each in several)
    if "properties" in schema:
        return ("object",)
    return ("array",) if "items" in schema else ()


def branches(schema: dict[str, Any]) -> list[Any]:
    """The alternatives of a union; `[]` if it is none."""
    for keyword in ("anyOf", "oneOf"):
        match schema.get(keyword):
            case [*alternatives]:
                return alternatives
    return []


def fits(value: Any, schema: Any, budget: Budget) -> bool:
    """Whether the value has the shape that the schema asks for."""
    schema = resolved(schema, budget)
    types = types_of(schema)
    if types and not any(_is(value, each) for each in types):
        return False
    if not _listed(value, schema, budget):
        return False
    alternatives = branches(schema)
    if alternatives and not any(fits(value, each, budget) for each in alternatives):
        return False
    demands = schema.get("allOf")
    if isinstance(demands, list) and not all(fits(value, each, budget) for each in demands):
        return False
    match value:
        case dict():
            return _object_fits(value, schema, budget)
        case list() if "items" in schema:
            return all(fits(item, schema["items"], budget) for item in value)
    return True


def _is(value: Any, type_name: str) -> bool:
    match type_name:
        case "string":
            return isinstance(value, str)
        case "integer":
            whole = isinstance(value, float) and value.is_integer()
            return whole or (isinstance(value, int) and not isinstance(value, bool))
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "null":
            return value is None
    return True


def _listed(value: Any, schema: dict[str, Any], budget: Budget) -> bool:
    allowed = schema.get("enum")
    if isinstance(allowed, list):
        budget.spend(len(allowed))
        if not _among(value, allowed):
            return False
    return "const" not in schema or _among(value, [schema["const"]])


def _among(value: Any, allowed: list[Any]) -> bool:
    """In JSON `true` is not 1, in Python it is."""
    boolean = isinstance(value, bool)
    return any(value == each and isinstance(each, bool) == boolean for each in allowed)


def _object_fits(value: dict[str, Any], schema: dict[str, Any], budget: Budget) -> bool:
    required = schema.get("required")
    if isinstance(required, list) and any(key not in value for key in required):
        return False
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    others = schema.get("additionalProperties", True)
    for key, item in value.items():
        if key not in known and others is False:
            return False
        if not fits(item, known.get(key, others), budget):
            return False
    return True
