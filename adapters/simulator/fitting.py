"""Whether a value fits a JSON Schema. Not all of the standard: what choosing a branch needs."""

import math
from collections.abc import Mapping
from typing import Any

from adapters.simulator.combining import resolved
from adapters.simulator.patterns import matches

__all__ = ["Judge"]

_STEPS = 50_000
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "integer": (int, float),
    "null": type(None),
}


class Judge:
    """Judges values by parts of one document, `root`.

    A schema can be written so that judging it takes for ever; after many steps everything fits.
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        self._steps = 0

    def fits(self, value: Any, schema: Any) -> bool:
        self._steps += 1
        if not isinstance(schema, Mapping):
            return schema is not False
        if self._steps > _STEPS:
            return True
        try:
            return self._fits(value, resolved(schema, self.root))
        except (TypeError, ValueError, RecursionError):
            return True  # a schema that is itself broken forbids nothing

    def _fits(self, value: Any, schema: Mapping[str, Any]) -> bool:
        if "type" in schema and not _is_of(value, schema["type"]):
            return False
        if "enum" in schema and value not in schema["enum"]:
            return False
        if "const" in schema and value != schema["const"]:
            return False
        return self._fits_combined(value, schema) and self._fits_kind(value, schema)

    def _fits_combined(self, value: Any, schema: Mapping[str, Any]) -> bool:
        if "anyOf" in schema and not any(self.fits(value, one) for one in schema["anyOf"]):
            return False
        if "oneOf" in schema and sum(self.fits(value, one) for one in schema["oneOf"]) != 1:
            return False
        if "not" in schema and self.fits(value, schema["not"]):
            return False
        if "if" in schema:
            branch = "then" if self.fits(value, schema["if"]) else "else"
            return self.fits(value, schema.get(branch, True))
        return True

    def _fits_kind(self, value: Any, schema: Mapping[str, Any]) -> bool:
        match value:
            case bool() | None:
                return True
            case str():
                return _fits_text(value, schema)
            case int() | float():
                return _fits_number(value, schema)
            case list():
                return self._fits_array(value, schema)
            case dict():
                return self._fits_object(value, schema)
            case _:
                return True

    def _fits_array(self, value: list[Any], schema: Mapping[str, Any]) -> bool:
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
            return False
        first = schema.get("prefixItems", ())
        items = schema.get("items", True)
        return all(
            self.fits(item, first[index] if index < len(first) else items)
            for index, item in enumerate(value)
        )

    def _fits_object(self, value: dict[str, Any], schema: Mapping[str, Any]) -> bool:
        properties = schema.get("properties", {})
        more = schema.get("additionalProperties", True)
        if any(name not in value for name in schema.get("required", ())):
            return False
        return all(self.fits(member, properties.get(name, more)) for name, member in value.items())


def _is_of(value: Any, kinds: Any) -> bool:
    names = [kinds] if isinstance(kinds, str) else kinds
    return any(_is_one(value, name) for name in names)


def _is_one(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer":
        return isinstance(value, int | float) and float(value).is_integer()
    return isinstance(value, _TYPES.get(name, object))


def _fits_text(value: str, schema: Mapping[str, Any]) -> bool:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf):
        return False
    return "pattern" not in schema or matches(schema["pattern"], value)


def _fits_number(value: float, schema: Mapping[str, Any]) -> bool:
    if not schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf):
        return False
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if not isinstance(above, bool) and above is not None and value <= above:
        return False
    return isinstance(below, bool) or below is None or value < below
