"""Calls that are right at a glance."""

from typing import Any

import pytest

from adapters.repair.arguments import fit
from adapters.repair.plain import Plain

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Where"},
        "days": {"type": "integer", "minimum": 1},
        "unit": {"type": "string", "enum": ["C", "F"]},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["city"],
}


@pytest.mark.parametrize(
    ("arguments", "settled"),
    [
        ({"city": "Paris"}, True),
        ({"city": "Paris", "days": 3}, True),
        ({"days": 3}, False),
        ({"city": 5}, False),
        ({"city": "Paris", "days": "3"}, False),
        ({"city": "Paris", "days": True}, False),
        ({"city": "Paris", "unit": "C"}, False),
        ({"city": "Paris", "tags": []}, False),
        ({"city": "Paris", "other": 1}, False),
        ({}, False),
    ],
)
def test_plain_values_are_settled_and_all_else_is_left(
    arguments: dict[str, Any], settled: bool
) -> None:
    assert Plain(SCHEMA).settles(arguments) == settled
    assert fit(arguments, SCHEMA) or not settled


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": []},
        {"properties": {"a": {"type": "string"}}, "required": "a"},
        {"properties": {"a": {"type": ["string", "null"]}}},
        {"properties": {"a": {"type": "string"}}, "not": {}},
        {"properties": {"a": True}},
    ],
)
def test_what_takes_thinking_is_left(schema: dict[str, Any]) -> None:
    assert not Plain(schema).settles({"a": "x"})
