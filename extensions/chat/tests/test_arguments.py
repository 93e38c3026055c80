"""What of a model's arguments a session can keep."""

from typing import Any

import pytest

from extensions.chat.arguments import keepable
from gateway.core.messages import ToolCall


def call(**arguments: Any) -> ToolCall:
    return ToolCall("call_1", "add", arguments)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_ordinary_arguments_stay_what_they_are() -> None:
    ordinary = call(a=1, b=[0.5, None, {"c": "ü"}], big=10**30, deep=nested(99))
    assert keepable(ordinary) == (ordinary, None)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"a": float("inf")}, "a number is not finite"),
        ({"a": {"b": [1, float("nan")]}, "c": 1}, "a number is not finite"),
        ({"a": nested(100)}, "they are nested too deeply"),
        ({"a": nested(900)}, "they are nested too deeply"),
        ({"a": "\ud800"}, "they cannot be written as JSON"),
        ({"\ud800": 1}, "they cannot be written as JSON"),
        ({"a": 10**5000}, "they cannot be written as JSON"),
    ],
)
def test_what_no_file_can_hold_is_not_kept_and_is_a_fault(
    arguments: dict[str, Any], fault: str
) -> None:
    assert keepable(call(**arguments)) == (call(), fault)
