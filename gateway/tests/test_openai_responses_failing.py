"""Errors of backends, which speak of chat completions, in the words of responses."""

import pytest

from gateway.core.errors import (
    AgentInvalid,
    ContextOverflow,
    Invalid,
    InvalidRequest,
    MochiError,
    ModelNotFound,
    Unsupported,
)
from gateway.dialects.openai.responses.failing import blamed


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("messages", "input"),
        ("max_tokens", "max_output_tokens"),
        ("max_completion_tokens", "max_output_tokens"),
        ("reasoning_effort", "reasoning.effort"),
        ("response_format", "text.format"),
        ("response_format.json_schema.schema", "text.format.schema"),
        ("logprobs", "include"),
        ("tools", "tools"),
        ("tool_choice", "tool_choice"),
        ("input[0].content[1].image_url", "input[0].content[1].image_url"),
        (None, None),
    ],
)
def test_a_field_is_called_as_it_is_here(theirs: str | None, ours: str | None) -> None:
    error: Invalid = InvalidRequest("It is wrong.", param=theirs, reason="invalid_value")
    assert (blamed(error).param, error.reason) == (ours, "invalid_value")
    assert blamed(error).param == ours


def test_so_is_it_in_the_sentence() -> None:
    error = blamed(Unsupported("'response_format' is not supported.", param="response_format"))
    assert (error.message, str(error)) == ("'text.format' is not supported.",) * 2
    error = blamed(Unsupported("'logprobs' is not supported.", param="logprobs"))
    assert error.message == "'message.output_text.logprobs' is not supported."


@pytest.mark.parametrize(
    ("error", "param"),
    [
        (ContextOverflow("Too long."), "input"),
        (ContextOverflow("Too many.", param="previous_response_id"), "previous_response_id"),
        (ModelNotFound("x"), "model"),
        (AgentInvalid("x", "it has no description"), "model"),
    ],
)
def test_what_is_at_fault_is_named(error: MochiError, param: str) -> None:
    assert blamed(error).param == param
