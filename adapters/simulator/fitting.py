"""Whether a value fits a JSON Schema, and the algebra of schemas: references and intersections."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["fits", "merged", "resolved"]

_REFERENCES = 20  # in a row; a definition may be nothing but a reference to itself
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "integer": (int, float),
    "null": type(None),
}


def resolved(schema: Mapping[str, Any], root: Any) -> Mapping[str, Any]:
    """`schema` without `$ref` and `allOf` at its top; foreign references are left out."""
    for _ in range(_REFERENCES):
        if "$ref" in schema:
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = merged(_pointed(schema["$ref"], root), rest)
        elif isinstance(schema.get("allOf"), Sequence):
            parts = schema["allOf"]
            schema = {key: value for key, value in schema.items() if key != "allOf"}
            for part in parts:
                flat = resolved(part, root) if isinstance(part, Mapping) else {}
                schema = merged(schema, flat)
        else:
            break
    return schema


def _pointed(reference: Any, root: Any) -> Mapping[str, Any]:
    node = root
    if not isinstance(reference, str) or not reference.startswith("#"):
        return {}
    for part in reference[1:].strip("/").split("/") if len(reference) > 1 else ():
        name = part.replace("~1", "/").replace("~0", "~")
        node = node.get(name) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def merged(one: Mapping[str, Any], other: Any) -> Mapping[str, Any]:
    """What fits both, as far as two values of a keyword can be made one."""
    if not isinstance(other, Mapping):
        return one
    both = dict(one)
    for key, value in other.items():
        both[key] = _intersection(key, both[key], value) if key in both else value
    return both


def _intersection(key: str, one: Any, other: Any) -> Any:
    match key:
        case "properties":
            shared = {name: merged(one[name], other[name]) for name in one if name in other}
            return {**one, **other, **shared}
        case "required":
            return [*one, *(name for name in other if name not in one)]
        case "minimum" | "minLength" | "minItems" | "minProperties" | "exclusiveMinimum":
            return max(one, other)
        case "maximum" | "maxLength" | "maxItems" | "maxProperties" | "exclusiveMaximum":
            return min(one, other)
        case "enum":
            return [option for option in one if option in other]
        case "type":
            return _common_type(one, other)
        case "anyOf" | "oneOf":
            return [merged(a, b) for a in one for b in other if isinstance(a, Mapping)]
        case "additionalProperties":
            return False if one is False else other
        case _:
            return other


def _common_type(one: Any, other: Any) -> Any:
    first = [one] if isinstance(one, str) else list(one)
    second = [other] if isinstance(other, str) else list(other)
    if "number" in second and "integer" in first:
        second.append("integer")
    common = [kind for kind in first if kind in second]
    return common or other


def fits(value: Any, schema: Any, root: Any) -> bool:
    if not isinstance(schema, Mapping):
        return schema is not False
    try:
        return _fits(value, resolved(schema, root), root)
    except (TypeError, re.error, RecursionError):
        return True  # a schema that is itself broken forbids nothing


def _fits(value: Any, schema: Mapping[str, Any], root: Any) -> bool:
    if "type" in schema and not _is_of(value, schema["type"]):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "const" in schema and value != schema["const"]:
        return False
    return _fits_combined(value, schema, root) and _fits_kind(value, schema, root)


def _is_of(value: Any, kinds: Any) -> bool:
    names = [kinds] if isinstance(kinds, str) else kinds
    return any(_is_one(value, name) for name in names)


def _is_one(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer":
        return isinstance(value, int | float) and float(value).is_integer()
    return isinstance(value, _TYPES.get(name, object))


def _fits_combined(value: Any, schema: Mapping[str, Any], root: Any) -> bool:
    if "anyOf" in schema and not any(fits(value, one, root) for one in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(fits(value, one, root) for one in schema["oneOf"]) != 1:
        return False
    if "not" in schema and fits(value, schema["not"], root):
        return False
    if "if" in schema:
        branch = "then" if fits(value, schema["if"], root) else "else"
        return fits(value, schema.get(branch, True), root)
    return True


def _fits_kind(value: Any, schema: Mapping[str, Any], root: Any) -> bool:
    match value:
        case bool() | None:
            return True
        case str():
            return _fits_text(value, schema)
        case int() | float():
            return _fits_number(value, schema)
        case list():
            return _fits_array(value, schema, root)
        case dict():
            return _fits_object(value, schema, root)
        case _:
            return True


def _fits_text(value: str, schema: Mapping[str, Any]) -> bool:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf):
        return False
    return "pattern" not in schema or re.search(schema["pattern"], value) is not None


def _fits_number(value: float, schema: Mapping[str, Any]) -> bool:
    if not schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf):
        return False
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if not isinstance(above, bool) and above is not None and value <= above:
        return False
    return isinstance(below, bool) or below is None or value < below


def _fits_array(value: list[Any], schema: Mapping[str, Any], root: Any) -> bool:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
        return False
    first = schema.get("prefixItems", ())
    items = schema.get("items", True)
    return all(
        fits(item, first[index] if index < len(first) else items, root)
        for index, item in enumerate(value)
    )


def _fits_object(value: dict[str, Any], schema: Mapping[str, Any], root: Any) -> bool:
    properties = schema.get("properties", {})
    more = schema.get("additionalProperties", True)
    if any(name not in value for name in schema.get("required", ())):
        return False
    return all(fits(member, properties.get(name, more), root) for name, member in value.items())
