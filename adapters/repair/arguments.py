"""Arguments bent into the types of their schema, where they say the same in another type."""

import re
from typing import Any, Final

import msgspec

from adapters.repair.damage import read
from adapters.repair.schemas import Budget, OutOfBudget, branches, fits, resolved, types_of

__all__ = ["coerced", "fit", "tightened"]

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}(?:\.0{1,9})?")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{0,30})?(?:[eE][+-]?[0-9]{1,2})?")
_LONGEST_PATH: Final = 4096
_KEY_WORD: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_PATH_OR_ID: Final = re.compile(
    r"paths?|files?|filenames?|filepaths?|folders?|dirs?|directory|directories|cwd|root"
    r"|ids?|uuid|slug",
    re.IGNORECASE,
)
_SPACED: Final = re.compile(r"(?<! ) ++(?=[/.\\-])|(?<=[/.\\-]) +")


def coerced(arguments: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The arguments in the types that the schema asks for; the same object if nothing changes.

    Numbers, booleans and JSON that were written as strings are read, JSON text replaces what is no
    string where one is wanted, keys that the schema forbids go. What already fits is never touched.
    """
    budget = Budget(schema)
    try:
        changed = _coerced(arguments, schema, budget)
    except (OutOfBudget, RecursionError):
        return arguments
    return changed if isinstance(changed, dict) else arguments


def fit(arguments: dict[str, Any], schema: dict[str, Any]) -> bool:
    """Whether a call with these arguments has the shape that its schema asks for."""
    try:
        return fits(arguments, schema, Budget(schema))
    except (OutOfBudget, RecursionError):
        return False


def tightened(arguments: dict[str, Any]) -> dict[str, Any]:
    """Paths and ids without the spaces that MiniMax puts around `/`, `.` and `-`.

    Only fields whose names say that they are a path or an id; the same object if nothing changes.
    """
    changed = {
        key: _tight(value)
        for key, value in arguments.items()
        if any(_PATH_OR_ID.fullmatch(word) for word in _KEY_WORD.findall(key[:99]))
    }
    return (
        arguments | changed if any(arguments[key] != changed[key] for key in changed) else arguments
    )


def _tight(value: Any) -> Any:
    match value:
        case str() if len(value) <= _LONGEST_PATH:
            return _SPACED.sub("", value)
        case [*items]:
            return [_tight(item) if isinstance(item, str) else item for item in items]
    return value


def _coerced(value: Any, schema: Any, budget: Budget) -> Any:
    if fits(value, schema, budget):
        return value
    schema = resolved(schema, budget)
    for alternative in branches(schema):
        candidate = _coerced(value, alternative, budget)
        if fits(candidate, alternative, budget):
            return candidate
    demands = schema.get("allOf")
    for demand in demands if isinstance(demands, list) else ():
        value = _coerced(value, demand, budget)
    types = types_of(schema)
    value = _converted(value, types)
    match value:
        case dict() if "object" in types:
            return _object(value, schema, budget)
        case list() if "array" in types and "items" in schema:
            return _array(value, schema["items"], budget)
    return value


def _converted(value: Any, types: tuple[str, ...]) -> Any:
    match value:
        case str():
            return _from_text(value, types)
        case None:
            return value
        case dict() if "object" in types:
            return value
        case list() if "array" in types:
            return value
        case _ if "string" in types:
            return msgspec.json.encode(value).decode()
    return value


def _from_text(text: str, types: tuple[str, ...]) -> Any:
    if "string" in types:
        return text
    word = text.strip()
    for wanted in types:
        match wanted:
            case "integer" if _INTEGER.fullmatch(word):
                return int(word.partition(".")[0])
            case "number" if _NUMBER.fullmatch(word):
                return int(word) if word.lstrip("+-").isdigit() else float(word)
            case "boolean" if word.lower() in ("true", "false"):
                return word.lower() == "true"
            case "null" if word in ("null", "None"):
                return None
            case "object" | "array" if word[:1] in ("{", "["):
                return _structure(word, wanted, text)
    return text


def _structure(word: str, wanted: str, text: str) -> Any:
    found = read(word)
    kind = dict if wanted == "object" else list
    return found.value if found and isinstance(found.value, kind) else text


def _object(value: dict[str, Any], schema: dict[str, Any], budget: Budget) -> dict[str, Any]:
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    others = schema.get("additionalProperties", True)
    changed = {
        key: _coerced(item, known.get(key, others), budget)
        for key, item in value.items()
        if key in known or others is not False
    }
    same = len(changed) == len(value) and all(changed[key] is value[key] for key in value)
    return value if same else changed


def _array(items: list[Any], schema: Any, budget: Budget) -> list[Any]:
    changed = [_coerced(item, schema, budget) for item in items]
    return items if all(a is b for a, b in zip(changed, items, strict=True)) else changed
