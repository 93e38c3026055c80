"""Which items may be left out."""

from typing import Any

from gateway.dialects.openai.responses.truncation import exchanges, shortened
from gateway.tests.responses import own

CALL = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "a", "output": "1"}


def said(text: str, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": text}


def test_the_oldest_exchanges_go_and_instructions_stay() -> None:
    placed = own(
        [said("Be.", "system"), said("1"), said("2", "assistant"), said("Be!", "developer"), said("3"),
         said("4", "assistant"), said("5")]
    )  # fmt: skip
    assert exchanges(placed) == 3
    left = shortened(placed, 1)
    assert [each.at for each in left] == [
        "input[0]",
        "input[3]",
        "input[4]",
        "input[5]",
        "input[6]",
    ]
    assert exchanges(placed) == 3


def test_a_call_takes_its_result_along() -> None:
    left = shortened(own([said("1"), CALL, said("2"), RESULT, said("3")]), 1)
    assert [each.at for each in left] == ["input[2]", "input[4]"]


def test_what_stands_before_the_first_message_stays() -> None:
    placed = own([said("0", "assistant"), said("1")])
    assert shortened(placed, 0) == placed
    assert exchanges(placed) == 1
