"""Values made for schemas, judged by an independent validator."""

import json
from typing import Any

import jsonschema_rs
import pytest

from adapters.simulator.patterns import sample
from adapters.simulator.schemas import BadSchema, instance
from adapters.simulator.values import Guess

NODE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
    },
    "required": ["value", "next"],
    "additionalProperties": False,
}
TREE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
    },
    "required": ["name", "children"],
}
SCHEMAS: list[Any] = [
    True,
    {},
    {"enum": [3, "a"]},
    {"type": "integer", "enum": [1.5, 2]},
    {"const": {"x": 1}},
    {"type": ["null", "string"]},
    {"type": "string", "pattern": "^[A-Z]{2}-\\d{3,5}$"},
    {"type": "string", "pattern": "^(foo|bar)+baz?$", "minLength": 12},
    {"type": "string", "pattern": "^\\+?[0-9 ()-]{7,}$"},
    {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"},
    {"type": "string", "pattern": "^[^@]+@[^@]+\\.[a-z]{2,}$"},
    {"type": "string", "pattern": "^(?:[01]\\d|2[0-3]):[0-5]\\d$"},
    {"type": "string", "minLength": 50},
    {"type": "string", "maxLength": 2},
    {"type": "string", "minLength": 5, "maxLength": 5},
    {"type": "string", "maxLength": 0},
    *(
        {"type": "string", "format": name}
        for name in ("email", "uuid", "date-time", "date", "time")
    ),
    *(
        {"type": "string", "format": name}
        for name in ("ipv4", "ipv6", "uri", "hostname", "duration")
    ),
    {"type": "integer", "minimum": 10, "maximum": 12},
    {"type": "integer", "exclusiveMinimum": 10, "exclusiveMaximum": 12},
    {"type": "integer", "maximum": -3},
    {"type": "integer", "multipleOf": 5, "minimum": 11},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": "number", "multipleOf": 0.1, "maximum": 3},
    {"minimum": 100},
    {"type": "array", "items": {"type": "integer"}, "minItems": 4, "uniqueItems": True},
    {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "uniqueItems": True},
    {"type": "array", "items": {"type": "string"}, "minItems": 5, "uniqueItems": True},
    {"type": "array", "maxItems": 0},
    {"type": "array", "contains": {"const": 5}, "minItems": 2},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {"type": "object", "minProperties": 2},
    {"type": "object", "required": ["x", "y"]},
    {"type": "object", "properties": {"a": False}},
    {"anyOf": [{"type": "string"}, {"type": "null"}]},
    {"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    {
        "oneOf": [
            {"type": "object", "properties": {"kind": {"const": kind}}, "required": ["kind"]}
            for kind in ("a", "b")
        ]
    },
    {"oneOf": [{"type": "string", "maxLength": 3}, {"type": "string", "minLength": 2}]},
    {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"b": {"type": "integer", "minimum": 100}}, "required": ["b"]},
            {"properties": {"b": {"maximum": 101}}},
        ]
    },
    {"not": {"type": "string"}, "type": ["string", "integer"]},
    {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"required": ["extra"], "properties": {"extra": {"type": "integer"}}},
    },
    {"$defs": {"node": NODE}, "$ref": "#/$defs/node"},
    {"$defs": {"tree": TREE}, "$ref": "#/$defs/tree"},
    {"type": "object", "properties": {"a": {"$ref": "#/properties/b"}, "b": {"type": "integer"}}},
]
MESSAGES = ["", "Compare New York and 'Kyoto' for 5 days: 42?", "In kind b, on 2026-01-02 at 3.5"]


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_the_value_fits(schema: Any, message: str) -> None:
    value = instance(schema, Guess(message))
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(value)


def test_every_property_is_there_and_in_order() -> None:
    schema = {"type": "object", "properties": {"b": {}, "a": {"type": "boolean"}}}
    assert list(instance(schema, Guess())) == ["b", "a"]


def test_values_come_from_the_message() -> None:
    schema = {
        "type": "object",
        "properties": {
            "departure_city": {"type": "string"},
            "contactEmail": {"type": "string"},
            "travelClass": {"enum": ["first", "second"]},
            "count": {"type": "integer"},
            "query": {"type": "string"},
        },
    }
    message = "Book 4 seats in second class from Lyon and write to me@example.org"
    assert instance(schema, Guess(message)) == {
        "departure_city": "Lyon",
        "contactEmail": "me@example.org",
        "travelClass": "second",
        "count": 4,
        "query": message,
    }


def test_a_command_is_what_stands_in_backticks() -> None:
    schema = {
        "type": "object",
        "properties": {"cmd": {"type": "string"}, "reason": {"type": "string"}},
    }
    heard = instance(schema, Guess("Run `cat notes.txt` for me."))
    assert heard["cmd"] == "cat notes.txt"
    assert heard["reason"] == instance(schema, Guess())["reason"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": "many"},
        {"type": "integer", "minimum": "low"},
        {"type": "object", "properties": [1]},
        {"type": "object", "required": 5},
        {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
    ],
)
def test_what_is_no_schema(schema: Any) -> None:
    with pytest.raises(BadSchema):
        instance(schema, Guess())


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "https://example.com/schema.json"},
        {"oneOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {
            "type": "object",
            "properties": {name: {"$ref": "#"} for name in "abcdefgh"},
            "required": list("abcdefgh"),
        },
        {"type": "array", "minItems": 10**12},
        {"type": "string", "minLength": 10**12},
        {"type": "object", "minProperties": 10**12},
        {"type": "string", "pattern": "^a{1000000000}$"},
    ],
    ids=json.dumps,
)
def test_what_no_value_fits_comes_to_an_end(schema: Any) -> None:
    assert len(json.dumps(instance(schema, Guess()))) < 500_000


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(a)\1", "[", "(", r"\p{L}"])
def test_patterns_that_are_not_simple(pattern: str) -> None:
    assert sample(pattern) is None


def test_a_pattern_over_which_an_engine_could_ponder_for_ever() -> None:
    """CVE-2025-48944: such a pattern in a request stopped the whole server."""
    schema = {"type": "string", "pattern": "^(a+)+$"}
    assert instance(schema, Guess(f"Use “{'a' * 40}!”")) == "a"
