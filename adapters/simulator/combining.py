"""The algebra of JSON Schemas: references followed, several schemas made one."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["merged", "resolved"]

_REFERENCES = 20  # in a row; a definition may be nothing but a reference to itself


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
        case "additionalProperties":
            return False if one is False else other
        case _:
            return other


def _common_type(one: Any, other: Any) -> Any:
    first = [one] if isinstance(one, str) else list(one)
    second = [other] if isinstance(other, str) else list(other)
    if "number" in second and "integer" in first:
        second.append("integer")
    return [kind for kind in first if kind in second] or other
