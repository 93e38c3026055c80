"""Calls that are demanded of models that would rather not, through the official SDK."""

import pytest
from openai import OpenAI

from conformance_tests.launcher import Gateway
from conformance_tests.sdk.conftest import client
from conformance_tests.sdk.test_calls import (
    CHOICES,
    NAMED,
    TOOLS,
    WEATHER,
    GetTime,
    GetWeather,
    parsed,
)

__all__ = ["client"]


@pytest.mark.parametrize("stream", [False, True], ids=["parse", "stream"])
@CHOICES
def test_a_demanded_call_is_made_by_a_model_that_chats(
    client: OpenAI, gateway: Gateway, choice: object, stream: bool
) -> None:
    """OpenAI API reference, tool_choice: `required` is a promise of the server, not of the model.

    `.parse()` raises on arguments that do not fit the strict schema it has sent.
    """
    (call,) = parsed(client, "demo-chatty", choice, stream=stream)
    assert isinstance(call, GetWeather if choice == NAMED else GetTime | GetWeather)


def test_each_of_two_choices_has_its_calls(client: OpenAI, gateway: Gateway) -> None:
    """openai-python's helper collects fragments by the index of the choice, then of the call."""
    with client.chat.completions.stream(
        model="demo-repeats", messages=WEATHER, tools=TOOLS[1:], n=2
    ) as stream:
        choices = stream.get_final_completion().choices
    assert [choice.finish_reason for choice in choices] == ["tool_calls"] * 2
    for choice in choices:
        calls = choice.message.tool_calls or []
        assert len(calls) > 1
        assert len({call.id for call in calls}) == len(calls)
        assert all(isinstance(call.function.parsed_arguments, GetWeather) for call in calls)
