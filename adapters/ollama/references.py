"""`$ref` and `allOf`: schemas that are put together from others, made one."""

from typing import Any

import msgspec

__all__ = ["References", "TooLarge", "local_definitions", "refers"]

Schema = dict[str, Any]

_encode = msgspec.json.Encoder().encode

# A few references can lead to any number of others: followed in one tool, and the bytes that they
# bring in, as a multiple of what was written. A model should not read more than people wrote.
_MOST = 5_000
_LEAST_BYTES = 16 * 1024
_TIMES = 4

_OLD = "#/definitions/"  # where drafts before 2019-09 keep what Ollama keeps under `$defs`
_NEW = "#/$defs/"

_NOTES = frozenset({"title", "description", "default", "examples", "example", "$comment"})
# What one of these allows depends on the others beside it, so that two sets are not one.
_TIED = (
    frozenset({"properties", "patternProperties", "additionalProperties", "unevaluatedProperties"}),
    frozenset({"items", "prefixItems", "additionalItems", "unevaluatedItems"}),
    frozenset({"contains", "minContains", "maxContains"}),
    frozenset({"if", "then", "else"}),
)


class TooLarge(Exception):
    """The references of a schema lead to more of it than a model could read."""


def local_definitions(root: Schema) -> Schema:
    """The same schema with all its definitions under `$defs`."""
    old, new = root.get("definitions"), root.get("$defs", {})
    if not isinstance(old, dict) or not isinstance(new, dict) or old.keys() & new.keys():
        return root
    rest = {key: value for key, value in root.items() if key != "definitions"}
    moved: Schema = _moved({**rest, "$defs": {**old, **new}})
    return moved


def _moved(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: _NEW + member.removeprefix(_OLD)
                if key == "$ref" and isinstance(member, str) and member.startswith(_OLD)
                else _moved(member)
                for key, member in value.items()
            }
        case list():
            return [_moved(item) for item in value]
    return value


def refers(value: Any) -> bool:
    """Whether there is a reference anywhere in it."""
    match value:
        case dict():
            return "$ref" in value or any(refers(member) for member in value.values())
        case list():
            return any(refers(item) for item in value)
    return False


class References:
    """The references of one document, `root`, and how often they were followed."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        self._followed_so_far = 0
        self._bytes_left = max(_LEAST_BYTES, _TIMES * len(_encode(root)))
        self._sizes: dict[str, int] = {}

    def flat(self, schema: Schema, above: tuple[str, ...]) -> tuple[Schema, tuple[str, ...]]:
        """`schema` without `$ref` and `allOf` at its top, and the references it is a part of.

        A reference to one of those `above` has no end: its description and a few words stand for
        it. What cannot be followed, or merged exactly, stays as it is.
        """
        if "$ref" in schema:
            schema, above = self._followed(schema, above)
        parts = schema.get("allOf")
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            return schema, above
        whole: Schema | None = {key: value for key, value in schema.items() if key != "allOf"}
        inside = above
        for part in parts:
            one, led = self.flat(part, above)
            inside += led[len(above) :]
            whole = _merged(whole, one)
        return (schema, above) if whole is None else (whole, inside)

    def _followed(self, schema: Schema, above: tuple[str, ...]) -> tuple[Schema, tuple[str, ...]]:
        self._followed_so_far += 1
        if self._followed_so_far > _MOST:
            raise TooLarge
        reference = schema["$ref"]
        target = _pointed(reference, self.root)
        if target is None:
            return schema, above
        if reference not in self._sizes:
            self._sizes[reference] = len(_encode(target))
        self._bytes_left -= self._sizes[reference]
        if self._bytes_left < 0:
            raise TooLarge
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        if reference in above or target is self.root:
            found, inside = _named(reference, target), above
        else:
            found, inside = self.flat(target, (*above, reference))
        whole = _merged(beside, found)
        return (schema, above) if whole is None else (whole, inside)


def _named(reference: str, target: Schema) -> Schema:
    name = reference.rpartition("/")[2].strip("#") or "the whole"
    described = target.get("description")
    words = f"(the same as {name}, which this is part of)"
    named: Schema = {"type": target["type"]} if isinstance(target.get("type"), str) else {}
    text = f"{described} {words}" if isinstance(described, str) else words
    return {**named, "description": text}


def _pointed(reference: Any, root: Schema) -> Schema | None:
    """What a reference inside of this document points at, if that is an object."""
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        return None
    node: Any = root
    for part in reference.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else None


def _merged(outer: Schema | None, inner: Schema) -> Schema | None:
    """One schema for both, or None where there is none that says exactly that.

    Notes for people, such as a default, are those of `outer`; two descriptions become one.
    """
    if outer is None:
        return None
    both = {**inner, **outer}
    if "description" in outer and "description" in inner:
        both["description"] = _joined(outer["description"], inner["description"])
    demands = outer.keys() - _NOTES
    others = inner.keys() - _NOTES
    if any(_clash(group & demands, group & others) for group in _TIED):
        return None
    for key in demands & others:
        if outer[key] != inner[key]:
            value = _merged_value(key, outer[key], inner[key])
            if value is None:
                return None
            both[key] = value
    return both


def _clash(some: frozenset[str], others: frozenset[str]) -> bool:
    return bool(some and others) and (some | others) != {"properties"}


def _merged_value(key: str, one: Any, other: Any) -> Any | None:
    match key, one, other:
        case "required", list(), list():
            return [*one, *(name for name in other if name not in one)]
        case "properties", dict(), dict():
            shared = {
                name: _merged_property(one[name], other[name]) for name in one if name in other
            }
            return None if None in shared.values() else {**one, **other, **shared}
    return None


def _merged_property(one: Any, other: Any) -> Any | None:
    if one == other:
        return one
    both_are = isinstance(one, dict) and isinstance(other, dict)
    return _merged(one, other) if both_are else None


def _joined(one: Any, other: Any) -> Any:
    if not isinstance(one, str) or not isinstance(other, str) or other in one:
        return one
    return other if one in other else f"{one} {other}"
