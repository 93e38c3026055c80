"""Between JSON and the types that a user's function asks for, both ways by msgspec.

The schema that a model is shown and the check of what it sends come from the same annotation and
the same library, so that neither allows what the other does not. Models of pydantic are known by
their methods; nothing is imported for their sake.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import msgspec

from extensions.tools.signature import members

__all__ = ["schema_of", "value_of"]

REF = "#/$defs/{name}"
LISTS_OF_SCHEMAS = ("anyOf", "oneOf", "allOf", "prefixItems")
JSON_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    NoneType: "null",
}

Schema = dict[str, Any]


def schema_of(annotation: Any) -> Schema:
    """The JSON schema of a value, `null` left out; it refers to nothing outside of itself, since
    Ollama's templates follow no `$ref`. `TypeError` for what cannot be written as JSON."""
    kinds = members(annotation)
    if len(kinds) == 1:
        return plain(annotation)
    alternatives = [plain(kind) for kind in kinds if kind is not NoneType]
    if len(alternatives) == 1:
        return alternatives[0]
    if all(each.keys() == {"type"} for each in alternatives):
        types = list(dict.fromkeys(each["type"] for each in alternatives))
        return {"type": types if len(types) > 1 else types[0]}
    return {"anyOf": alternatives}


def value_of(annotation: Any, value: Any) -> Any:
    """The JSON value as the annotated type; `ValueError` with a sentence if it is none."""
    try:
        return converted(annotation, value)
    except TypeError:  # a union that msgspec cannot tell apart: the first that fits
        kinds = members(annotation)
        if len(kinds) == 1:
            raise
    faults = []
    for kind in kinds:
        try:
            return converted(kind, value)
        except ValueError as error:
            faults.append(str(error))
    raise ValueError(", or: ".join(faults))


def converted(annotation: Any, value: Any) -> Any:
    return msgspec.convert(value, annotation, str_keys=True, dec_hook=custom_value)


def plain(annotation: Any) -> Schema:
    (schema,), definitions = msgspec.json.schema_components(
        [annotation], schema_hook=custom_schema, ref_template=REF
    )
    made: Schema = Inlining(definitions, tuple(declared(annotation))).schema(schema)
    return made


def custom_schema(kind: type) -> Schema:
    if hasattr(kind, "model_json_schema"):
        schema: Schema = kind.model_json_schema()
        made: Schema = Inlining(schema.get("$defs", {}), ()).schema(schema)
        return made
    if kind is Path:
        return {"type": "string"}
    raise TypeError(f"there is no JSON for a '{kind.__name__}'")


def custom_value(kind: Any, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    try:
        return kind.model_validate(value)
    except ValueError as error:
        raise ValueError(pydantic_faults(error)) from error


def pydantic_faults(error: Any) -> str:
    """Its own text has a web address per fault."""
    if not hasattr(error, "errors"):
        return str(error)
    return "; ".join(
        ".".join(map(str, fault["loc"])) + ": " + fault["msg"] for fault in error.errors()
    )


def declared(annotation: Any) -> Iterator[Any]:
    """The values of all enumerations in it, in the order of their author."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from (member.value for member in annotation)
    else:
        for inner in get_args(annotation):
            yield from declared(inner)


class Inlining:
    """Makes schemas that stand alone, without titles, their enumerations typed and in order.

    A type that contains itself is an object of any shape the second time.
    """

    def __init__(self, definitions: Mapping[str, Schema], order: tuple[Any, ...]) -> None:
        self._definitions = definitions
        self._order = order
        self._open: list[str] = []

    def schema(self, schema: Any) -> Any:
        if not isinstance(schema, dict):
            return schema  # `items` and `additionalProperties` may be true or false
        if "$ref" in schema:
            return {**self._followed(schema["$ref"]), **self._members(schema)}
        return self._members(schema)

    def _followed(self, ref: str) -> Schema:
        name = ref.rpartition("/")[2]
        if name in self._open:
            return {"type": "object"}
        self._open.append(name)
        schema: Schema = self.schema(self._definitions[name])
        self._open.pop()
        return schema

    def _members(self, schema: Schema) -> Schema:
        made: Schema = {}
        for key, value in schema.items():
            match key:
                case "title" | "$ref" | "$defs" | "discriminator":
                    pass
                case "properties":
                    made[key] = {name: self.schema(each) for name, each in value.items()}
                case "items" | "additionalProperties":
                    made[key] = self.schema(value)
                case "enum":
                    made = {**type_of(value), **made, key: sorted(value, key=self._place)}
                case _ if key in LISTS_OF_SCHEMAS:
                    made[key] = [self.schema(each) for each in value]
                case _:
                    made[key] = value
        return made

    def _place(self, value: Any) -> int:
        return self._order.index(value) if value in self._order else len(self._order)


def type_of(values: list[Any]) -> Schema:
    """The type of an enumeration, which msgspec leaves to the values; none if they differ."""
    types = {JSON_TYPES[type(value)] for value in values}
    return {"type": types.pop()} if len(types) == 1 else {}
