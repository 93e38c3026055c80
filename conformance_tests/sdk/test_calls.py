"""Calls that are demanded, through the official SDK."""

from typing import Any

import openai
import pytest
from openai import BaseModel, OpenAI, pydantic_function_tool

from conformance_tests.launcher import Gateway

WEATHER: list[Any] = [{"role": "user", "content": "What is the weather in Paris for 3 days?"}]
NAMED: Any = {"type": "function", "function": {"name": "get_weather"}}
CHOICES = pytest.mark.parametrize("choice", ["required", NAMED], ids=["required", "named"])


class GetWeather(BaseModel):
    """The weather of a city on the next days."""

    city: str
    days: int


class GetTime(BaseModel):
    """The time in a city."""

    city: str


TOOLS = [
    pydantic_function_tool(GetTime, name="get_time"),
    pydantic_function_tool(GetWeather, name="get_weather"),
]


def parsed(client: OpenAI, model: str, choice: Any, *, stream: bool) -> list[Any]:
    """The arguments of all calls, as the types of their tools; the answer is nothing else."""
    fields: Any = {"model": model, "messages": WEATHER, "tools": TOOLS, "tool_choice": choice}
    try:
        if stream:
            with client.chat.completions.stream(**fields) as events:
                (answer,) = events.get_final_completion().choices
        else:
            (answer,) = client.chat.completions.parse(**fields).choices
    except openai.BadRequestError as error:
        if error.param != "tool_choice":
            raise
        pytest.skip("this server refuses to demand calls")
    assert (answer.finish_reason, answer.message.content) == ("tool_calls", None)
    return [call.function.parsed_arguments for call in answer.message.tool_calls or []]


@pytest.mark.parametrize("stream", [False, True], ids=["parse", "stream"])
@CHOICES
def test_a_demanded_call_is_parsed(
    client: OpenAI, tools_model: str, choice: Any, stream: bool
) -> None:
    """openai-python's `.parse()` and `.stream()`: a call becomes the type of its tool."""
    calls = parsed(client, tools_model, choice, stream=stream)
    assert calls
    if choice == NAMED:
        assert all(isinstance(call, GetWeather) for call in calls)


@pytest.mark.parametrize("stream", [False, True], ids=["parse", "stream"])
@CHOICES
def test_it_is_made_by_a_model_that_chats(
    client: OpenAI, gateway: Gateway, choice: Any, stream: bool
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
