"""Tools as they leave for Ollama: what it would drop stands where a model sees it."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from adapters.ollama.tools import rendered
from adapters.simulator.gotypes import Place
from adapters.simulator.tools import read_tool
from gateway.core.errors import InvalidRequest
from gateway.core.requests import ToolDefinition

KEPT = {"type", "description", "enum", "items", "properties", "required", "anyOf"}


def function(parameters: Any, name: str = "f", description: str = "Does f.") -> dict[str, Any]:
    tool = ToolDefinition(name, description, Raw(msgspec.json.encode(parameters)))
    (shown,) = msgspec.json.decode(rendered((tool,)))
    found: dict[str, Any] = shown["function"]
    return found


def shown_property(schema: Any, definitions: Any = None) -> Any:
    """What becomes of a single property, `n`."""
    parameters = {"type": "object", "properties": {"n": schema}, "$defs": definitions or {}}
    return function(parameters)["parameters"]["properties"]["n"]


UNIT = {"Unit": {"type": "string", "enum": ["C", "F"], "description": "A unit.", "title": "Unit"}}
BASE = {"Base": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (
            {"type": "integer", "description": "How many.", "minimum": 1, "default": 5},
            {"type": "integer", "description": "How many. (minimum: 1, default: 5)"},
        ),
        (
            {"type": "string", "pattern": r"^\d+$", "format": "date"},
            {"type": "string", "description": r'(pattern: "^\\d+$", format: "date")'},
        ),
        ({"const": "a"}, {"enum": ["a"]}),
        ({"enum": ["a", "b"], "const": "b"}, {"enum": ["b"]}),
        ({"enum": ["a"], "const": "b"}, {"enum": ["a"], "description": '(const: "b")'}),
        ({"oneOf": [{"const": 1}, {"type": "null"}]}, {"anyOf": [{"enum": [1]}, {"type": "null"}]}),
        (
            {"anyOf": [{"type": "string"}], "oneOf": [{}]},
            {"anyOf": [{"type": "string"}], "description": "(oneOf: [{}])"},
        ),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"type": "string", "default": None}, {"type": "string", "description": "(default: null)"}),
        ({"type": "string", "title": "N"}, {"type": "string"}),
        (
            {"type": "string", "title": "Net weight"},
            {"type": "string", "description": '(title: "Net weight")'},
        ),
        (
            {"type": "object", "properties": {"m": {"maximum": 2}}, "additionalProperties": False},
            {
                "type": "object",
                "properties": {"m": {"description": "(maximum: 2)"}},
                "description": "(additionalProperties: false)",
            },
        ),
        ({"type": "object", "additionalProperties": True}, {"type": "object"}),
        (
            {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
            {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "description": "(minItems: 1)",
            },
        ),
        (True, {}),
        (None, {}),
        (False, {"description": "Must not be given."}),
        ({"$ref": "https://example.com/x"}, {"description": '($ref: "https://example.com/x")'}),
        ({"not": {"type": "null"}}, {"description": '(not: {"type":"null"})'}),
    ],
)
def test_a_property(schema: Any, expected: Any) -> None:
    assert shown_property(schema) == expected


@pytest.mark.parametrize("keyword", ["$defs", "definitions"])
def test_references_are_followed_and_definitions_go(keyword: str) -> None:
    schema = {"$ref": f"#/{keyword}/Unit", "description": "Of the answer.", "default": "C"}
    shown = function({"type": "object", "properties": {"unit": schema}, keyword: UNIT})
    assert shown["parameters"] == {
        "type": "object",
        "properties": {
            "unit": {
                "type": "string",
                "enum": ["C", "F"],
                "description": 'Of the answer. A unit. (default: "C")',
            }
        },
    }


@pytest.mark.parametrize("keyword", ["$defs", "definitions"])
def test_definitions_stay_for_what_is_kept_whole(keyword: str) -> None:
    units = {"type": "array", "items": {"$ref": f"#/{keyword}/Unit"}}
    shown = function({"type": "object", "properties": {"units": units}, keyword: UNIT})
    assert shown["parameters"] == {
        "type": "object",
        "properties": {"units": {"type": "array", "items": {"$ref": "#/$defs/Unit"}}},
        "$defs": UNIT,
    }


def test_a_reference_without_end_becomes_words() -> None:
    node = {"type": "object", "description": "A node.", "properties": {}}
    node["properties"] = {"next": {"$ref": "#/$defs/Node"}, "name": {"type": "string"}}
    assert shown_property({"$ref": "#/$defs/Node"}, {"Node": node}) == {
        "type": "object",
        "description": "A node.",
        "properties": {
            "next": {
                "type": "object",
                "description": "A node. (the same as Node, which this is part of)",
            },
            "name": {"type": "string"},
        },
    }
    chased = {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}
    assert "the same as A" in shown_property({"$ref": "#/$defs/A"}, chased)["description"]
    assert shown_property({"$ref": "#"})["description"].startswith("(the same as the whole")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            [{"$ref": "#/$defs/Base"}, {"properties": {"b": {"const": 1}}, "required": ["b"]}],
            {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"enum": [1]}},
                "required": ["a", "b"],
            },
        ),
        ([{"$ref": "#/$defs/Base"}] * 2, BASE["Base"]),
        (
            [{"type": "integer", "minimum": 1}, {"minimum": 2}],
            {"description": '(allOf: [{"type":"integer","minimum":1},{"minimum":2}])'},
        ),
        (
            [{"properties": {"a": {}}, "additionalProperties": False}, {"properties": {"b": {}}}],
            {
                "description": '(allOf: [{"properties":{"a":{}},"additionalProperties":false},'
                '{"properties":{"b":{}}}])'
            },
        ),
    ],
)
def test_what_belongs_together_is_merged_where_that_is_exact(parts: Any, expected: Any) -> None:
    shown = shown_property({"allOf": parts}, BASE)
    assert shown.get("required", []) == expected.get("required", [])
    assert shown == expected


def test_what_the_top_loses_is_said_of_the_function() -> None:
    shown = function(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "F",
            "description": "Does f.",
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "additionalProperties": False,
            "anyOf": [{"required": ["a"]}],
        }
    )
    assert shown == {
        "name": "f",
        "description": 'Does f. (additionalProperties: false, anyOf: [{"required":["a"]}])',
        "parameters": {"type": "object", "properties": {"a": {"type": "string"}}},
    }


def test_parameters_that_are_one_reference() -> None:
    assert function({"$ref": "#/definitions/Base", "definitions": BASE})["parameters"] == {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
    }


@pytest.mark.parametrize(
    "parameters", [{}, {"type": "object"}, {"properties": {}}, {"type": ["object", "null"]}]
)
def test_type_and_properties_are_always_there(parameters: Any) -> None:
    assert function(parameters)["parameters"] == {"type": "object", "properties": {}}


def test_what_loses_nothing_is_not_touched() -> None:
    text = b'{ "properties":{"a":{"type":"array","items":{"minimum":1.0}}}, "type":"object" }'
    tool = ToolDefinition("f", "", Raw(text))
    assert text in bytes(rendered((tool,)))


def test_the_same_tools_are_rendered_once() -> None:
    tools = (ToolDefinition("f", "", Raw(b'{"type":"object"}')),)
    assert rendered(tools) is rendered(tools)


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ([], "they must be an object"),
        ({"properties": []}, "properties must be an object"),
        ({"required": "a"}, "required must be a list of strings"),
        ({"type": 1}, "type must be a string"),
        ({"properties": {"a": "string"}}, "properties.a must be an object"),
        ({"properties": {"a": {"required": True}}}, "properties.a.required must be a list of"),
        ({"properties": {"a": {"description": 1}}}, "properties.a.description must be a string"),
        ({"properties": {"a": {"enum": "b"}}}, "properties.a.enum must be a list"),
        ({"properties": {"a": {"anyOf": [1]}}}, "properties.a.anyOf[0] must be an object"),
    ],
)
def test_what_ollama_cannot_read_is_refused_by_name(parameters: Any, place: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        function(parameters, name="look_up")
    assert caught.value.param == "tools"
    assert "'look_up'" in caught.value.message
    assert place in caught.value.message


def doubled(levels: int) -> dict[str, Any]:
    """Definitions of which each refers to the next one twice."""
    twice = {
        str(level): {"properties": {side: {"$ref": f"#/$defs/{level + 1}"} for side in "ab"}}
        for level in range(levels)
    }
    return {"properties": {"n": {"$ref": "#/$defs/0"}}, "$defs": {**twice, str(levels): {}}}


def test_endless_schemas_pass_as_they_are() -> None:
    deep: Any = {}
    for _ in range(400):
        deep = {"properties": {"n": deep}, "minProperties": 1}
    for parameters in (doubled(40), deep):
        assert function(parameters)["parameters"] == parameters


def test_twenty_tools_take_no_time() -> None:
    properties = {
        f"field_{index}": {"type": "string", "description": "Something.", "minLength": 1}
        for index in range(6)
    }
    schema = Raw(msgspec.json.encode({"type": "object", "properties": properties}))

    def seconds() -> float:
        tools = tuple(ToolDefinition(f"tool_{index}", "Does it.", schema) for index in range(20))
        began = time.perf_counter()
        rendered(tools)
        return time.perf_counter() - began

    assert min(seconds() for _ in range(5)) < 0.02  # about 0.001


LOST = {
    "default": st.integers() | st.none() | st.text(max_size=3),
    "minimum": st.integers(),
    "pattern": st.text(max_size=3),
    "uniqueItems": st.booleans(),
    "additionalProperties": st.just(False) | st.just({"type": "string"}),
    "examples": st.lists(st.integers(), max_size=2),
    "if": st.just({"required": ["a"]}),
    "title": st.just("Something else altogether"),
    "x-order": st.integers(),
}
ORDINARY = {
    "type": st.sampled_from(["string", "object", ["string", "null"]]),
    "description": st.text(max_size=5),
    "enum": st.lists(st.integers(), max_size=2),
    "items": st.just({"minimum": 0, "type": "integer"}),
    "required": st.lists(st.sampled_from(["a", "b"]), max_size=2),
}


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.dictionaries(st.sampled_from(["a", "b", "default"]), inner, max_size=2)
    more = {"properties": names, "anyOf": st.lists(inner, max_size=2)}
    return st.fixed_dictionaries({}, optional={**ORDINARY, **LOST, **more})


SCHEMAS = st.recursive(st.fixed_dictionaries({}, optional={**ORDINARY, **LOST}), nested)


def below(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """This schema and all those in it, but for what stands under `items`."""
    yield schema
    for child in [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]:
        yield from below(child)


@given(SCHEMAS)
def test_no_keyword_is_lost_without_a_word(schema: dict[str, Any]) -> None:
    shown = shown_property(schema)
    assert all(part.keys() <= KEPT for part in below(shown))
    for asked, told in zip(below(schema), below(shown), strict=True):
        for keyword in asked.keys() & LOST:
            assert f"{keyword}: " in told["description"]


KEYWORDS = [*KEPT, *LOST, "$ref", "$defs", "definitions", "allOf", "oneOf", "const", "not"]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["string", "#", "#/$defs/a", "#/definitions/b", "#/properties/a", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYWORDS, "a", "b"]), inner, max_size=4)
    ),
    max_leaves=30,
)


@given(st.dictionaries(st.sampled_from(KEYWORDS), ANYTHING, max_size=5))
def test_whatever_is_sent_ollama_can_read(parameters: dict[str, Any]) -> None:
    try:
        shown = function(parameters)
    except InvalidRequest:
        return
    kept = read_tool({"type": "function", "function": shown}, Place("ChatRequest"))
    assert kept.description == shown["description"]
    assert msgspec.json.decode(msgspec.json.encode(kept.parameters)) == shown["parameters"]


def test_references_bring_in_no_more_than_a_few_times_what_was_written() -> None:
    long = {"type": "string", "description": "x" * 20_000}
    properties = {f"p{n}": {"$ref": "#/$defs/long"} for n in range(1000)}
    schema = {"type": "object", "properties": properties, "$defs": {"long": long}}
    written = msgspec.json.encode(schema)
    assert len(rendered((ToolDefinition("f", "", Raw(written)),))) < 5 * len(written)
