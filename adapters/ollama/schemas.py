"""JSON Schemas of tools as Ollama keeps them.

Of a property it keeps `type`, `description`, `enum`, `items`, `properties`, `required` and `anyOf`;
of the parameters themselves `type`, `properties`, `required`, `items` and `$defs`. Everything else
is gone before a model sees it, but for what stands under `items` and `$defs`, which nothing looks
into. So a keyword that would be lost is said in another one, or else in the description.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.ollama.references import References, TooLarge, local_definitions, refers

__all__ = ["Misshapen", "TooLarge", "kept"]

Schema = dict[str, Any]

_MOST = 5_000  # properties and alternatives in one tool

_KEPT = ("type", "description", "enum", "items", "properties", "required", "anyOf")
_KEPT_AT_TOP = ("type", "properties", "required", "items", "$defs")
_ABOUT_THE_SCHEMA = frozenset(
    {"$schema", "$id", "$anchor", "$comment", "$vocabulary", "$defs", "definitions"}
)

_encode = msgspec.json.Encoder().encode


class Misshapen(Exception):
    """A keyword that Ollama keeps has a value it cannot read; `str(error)` says which, and why."""


def kept(parameters: Any, name: str, description: str) -> tuple[Schema, str]:
    """The schema of this function's arguments, and its description: together all that was said.

    `type` and `properties` are always there, because templates show their absence as null.
    """
    if not isinstance(parameters, dict):
        raise Misshapen("they must be an object")
    root = local_definitions(parameters)
    return _Keeping(root).parameters(name, description)


class _Keeping:
    """Goes down one schema, `root`."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._references = References(root)
        self._met = 0
        self._refers = False

    def parameters(self, name: str, description: str) -> tuple[Schema, str]:
        schema, above = self._references.flat(self._root, ())
        found: Schema = {}
        lost: Schema = {}
        for key, value in schema.items():
            if key in _KEPT_AT_TOP:
                if value is not None and key != "$defs":
                    found[key] = self._value(key, _of_one_type(key, value), "", above)
            elif _says_more(key, value, name, description):
                lost[key] = self._said(key, value)
        found = {"type": "object", "properties": {}, **found}
        if self._refers and self._root.get("$defs"):
            found["$defs"] = self._root["$defs"]
        return found, _with_words(description, lost)

    def _property(self, schema: Any, name: str, at: str, above: tuple[str, ...]) -> Schema:
        self._met += 1
        if self._met > _MOST:
            raise TooLarge
        if schema is None or isinstance(schema, bool):
            return {} if schema is not False else {"description": "Must not be given."}
        if not isinstance(schema, dict):
            raise Misshapen(f"{at} must be an object")
        schema, above = self._references.flat(schema, above)
        described = str(schema.get("description", ""))
        found: Schema = {}
        lost: Schema = {}
        for key, value in _respelled(schema).items():
            if key in _KEPT:
                if value is not None:
                    found[key] = self._value(key, value, at, above)
            elif _says_more(key, value, name, described):
                lost[key] = self._said(key, value)
        if lost:
            found["description"] = _with_words(found.get("description", ""), lost)
        return found

    def _value(self, key: str, value: Any, at: str, above: tuple[str, ...]) -> Any:
        """What stands under a keyword that Ollama keeps; it reads no other types than these."""
        place = f"{at}.{key}" if at else key
        match key, value:
            case "properties", dict():
                return {
                    name: self._property(member, name, f"{place}.{name}", above)
                    for name, member in value.items()
                }
            case "anyOf", list():
                return [
                    self._property(branch, "", f"{place}[{index}]", above)
                    for index, branch in enumerate(value)
                ]
            case "items", _:
                return self._said(key, value)
            case "enum", list():
                return value
            case "required", list() if all(isinstance(name, str) for name in value):
                return value
            case "type", list() if at and all(isinstance(kind, str) for kind in value):
                return value
            case "type" | "description", str():
                return value
        raise Misshapen(f"{place} must be {_WANTED[key]}")

    def _said(self, key: str, value: Any) -> Any:
        """A value that stays whole; if it refers to definitions, they stay as well."""
        self._refers = self._refers or refers({key: value})
        return value


_WANTED = {
    "anyOf": "a list of objects",
    "description": "a string",
    "enum": "a list",
    "properties": "an object",
    "required": "a list of strings",
    "type": "a string",
}


def _of_one_type(key: str, value: Any) -> Any:
    """Arguments are always an object, whatever else the schema allows; Ollama takes no list."""
    return "object" if key == "type" and isinstance(value, list) and "object" in value else value


def _respelled(schema: Schema) -> Mapping[str, Any]:
    """`const` as an `enum` of one, and `oneOf` as `anyOf`: which of them fit is up to the model."""
    if "const" not in schema and "oneOf" not in schema:
        return schema
    respelled: Schema = {}
    options = schema.get("enum", [schema.get("const")])
    single = "const" in schema and isinstance(options, list) and schema["const"] in options
    for key, value in schema.items():
        match key, value:
            case "const" | "enum", _ if single:
                respelled["enum"] = [schema["const"]]
            case "oneOf", list() if "anyOf" not in schema:
                respelled["anyOf"] = value
            case _:
                respelled[key] = value
    return respelled


def _says_more(key: str, value: Any, name: str, description: str) -> bool:
    """False for what tells a model nothing: about the schema itself, or said already."""
    if key in _ABOUT_THE_SCHEMA:
        return False
    match key, value:
        case "additionalProperties", True:
            return False
        case "additionalProperties", dict():
            return bool(value)
        case "title", str():
            return _letters(value) not in _letters(name) and value not in description
        case "description", str():
            return value not in description
    return True


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _with_words(description: str, lost: Mapping[str, Any]) -> str:
    """`How many. (minimum: 1, default: 5)`: each value as JSON."""
    if not lost:
        return description
    words = ", ".join(f"{key}: {_encode(value).decode()}" for key, value in lost.items())
    return f"{description} ({words})".lstrip()
