from typing import Any

import pytest

from adapters.repair.arguments import coerced, fit, tightened


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


INTEGER = {"type": "integer"}
STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("wanted", "value", "mended"),
    [
        (INTEGER, "12", 12),
        (INTEGER, " -3.0 ", -3),
        (INTEGER, "1.5", "1.5"),
        (INTEGER, "a", "a"),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "number"}, "2", 2),
        ({"type": "number"}, "1e999", "1e999"),
        ({"type": "boolean"}, "True", True),
        ({"type": "boolean"}, "yes", "yes"),
        (STRING, {"a": 1}, '{"a":1}'),
        (STRING, [1, "é"], '[1,"é"]'),
        (STRING, 12, "12"),
        (STRING, None, None),
        ({"type": ["integer", "null"]}, "null", None),
        ({"type": ["integer", "string"]}, "12", "12"),
        ({"type": "object"}, '{"a": 1,}', {"a": 1}),
        ({"type": "object"}, "[1]", "[1]"),
        ({"type": "array", "items": INTEGER}, '["1", 2]', [1, 2]),
        ({"type": "array", "items": INTEGER}, ["1", 2], [1, 2]),
        (schema(b=INTEGER), {"b": "1"}, {"b": 1}),
        ({"anyOf": [INTEGER, {"type": "null"}]}, "12", 12),
        ({"anyOf": [{"type": "array", "items": INTEGER}, {"type": "boolean"}]}, ["1"], [1]),
        ({"oneOf": [schema(b=INTEGER), INTEGER]}, {"b": "1"}, {"b": 1}),
        ({"allOf": [schema(b=INTEGER), schema(c=INTEGER)]}, {"b": "1", "c": "2"}, {"b": 1, "c": 2}),
        ({"anyOf": [{**STRING, "enum": ["1"]}, INTEGER]}, "1", "1"),
        ({"$ref": "#/$defs/count"}, "12", 12),
        ({"$ref": "#/nowhere"}, "12", "12"),
        ({}, "12", "12"),
        (True, "12", "12"),
    ],
)
def test_a_value_takes_the_type_of_its_schema(wanted: Any, value: Any, mended: Any) -> None:
    whole = schema(a=wanted) | {"$defs": {"count": INTEGER}}
    found = coerced({"a": value}, whole)
    assert found == {"a": mended}
    assert type(found["a"]) is type(mended)


def test_what_fits_is_the_same_object() -> None:
    arguments = {"a": 1, "b": ["x", {"c": "1"}], "unknown": "2"}
    assert coerced(arguments, schema(a=INTEGER, b={"type": "array"})) is arguments


def test_forbidden_keys_go() -> None:
    closed = schema(a=INTEGER) | {"additionalProperties": False}
    assert coerced({"a": "1", "b": 2}, closed) == {"a": 1}
    assert coerced({"a": "1", "b": 2}, schema(a=INTEGER)) == {"a": 1, "b": 2}
    typed = schema() | {"additionalProperties": INTEGER}
    assert coerced({"b": "2"}, typed) == {"b": 2}


def test_a_schema_that_never_ends_costs_no_more_than_its_budget() -> None:
    loop = {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/loop"}}] * 3}
    value: Any = "x"
    for _ in range(60):
        value = [value]
    arguments = {"a": value}
    assert coerced(arguments, schema(a=loop) | {"$defs": {"loop": loop}}) is arguments


def test_depth_is_no_danger() -> None:
    value: Any = "x"
    for _ in range(5_000):
        value = [value]
    loop = {"type": "array", "items": {"$ref": "#/$defs/loop"}}
    arguments = {"a": value}
    assert coerced(arguments, schema(a=loop) | {"$defs": {"loop": loop}}) is arguments


@pytest.mark.parametrize(
    ("value", "wanted", "fitting"),
    [
        (1, {"enum": [1, 2]}, True),
        (True, {"enum": [1, 2]}, False),
        ("a", {"const": "a"}, True),
        ("b", {"const": "a"}, False),
        (True, INTEGER, False),
        (3.0, INTEGER, True),
        ({}, {"type": "object", "required": ["x"]}, False),
    ],
)
def test_fit(value: Any, wanted: Any, fitting: bool) -> None:
    assert fit({"a": value}, schema(a=wanted)) is fitting


def test_paths_and_ids_are_tightened() -> None:
    arguments = {
        "filePath": "src / app . ts",
        "taskID": "id - 12",
        "task_id": "a -b",
        "files": ["a / b", 1],
        "content": "a / b",
        "profile": "a / b",
        "width": "1 - 2",
        "path": "My Notes/a b.md",
    }
    assert tightened(arguments) == arguments | {
        "filePath": "src/app.ts",
        "taskID": "id-12",
        "task_id": "a-b",
        "files": ["a/b", 1],
    }


def test_paths_without_spaces_are_the_same_object() -> None:
    arguments = {"path": "a/b", "other": "a / b"}
    assert tightened(arguments) is arguments
