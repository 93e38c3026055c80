"""Results that are sent again."""

from collections.abc import Sequence
from typing import Any

import pytest

from gateway.core.errors import Invalid
from gateway.dialects.openai.responses.items import FunctionCall, FunctionCallOutput, Item
from gateway.dialects.openai.responses.repeating import without_repetitions
from gateway.tests.responses import own

CALLED: list[Item] = [
    FunctionCall(id="fc_a", call_id="a", name="f", arguments="{}"),
    FunctionCallOutput(id="fco_a", call_id="a", output="5"),
]
CALL = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "a"}
HELLO = {"role": "user", "content": "Hello"}


def news(*given: dict[str, Any], history: Sequence[Item] = CALLED) -> list[str]:
    """Where the items stand that are not left out."""
    return [at for _, at in without_repetitions(own([*given]), history)]


@pytest.mark.parametrize(
    "output", ["5", [{"type": "input_text", "text": "5"}]], ids=["text", "parts"]
)
def test_a_result_that_comes_again_is_left_out(output: Any) -> None:
    assert news({**OUTPUT, "output": output}, HELLO) == ["input[1]"]
    assert news(HELLO, {**OUTPUT, "output": output}, {**OUTPUT, "output": output}) == ["input[0]"]


def test_a_result_that_comes_again_as_another_is_refused_by_name() -> None:
    with pytest.raises(Invalid) as caught:
        news(HELLO, {**OUTPUT, "output": "6"})
    assert (caught.value.param, caught.value.reason) == ("input[1].output", "invalid_value")
    assert "'a'" in caught.value.message


def test_results_of_calls_that_wait_for_one_stay() -> None:
    again = {**OUTPUT, "output": "5"}
    assert news(again, history=CALLED[:1]) == ["input[0]"]
    assert news(again, history=[*CALLED, CALLED[0]]) == ["input[0]"]
    assert news(again, again, history=[*CALLED, CALLED[0]]) == ["input[0]"]
    assert news(CALL, again) == ["input[0]", "input[1]"]
    assert news({**again, "call_id": "b"}) == ["input[0]"]  # to which there is no call at all
