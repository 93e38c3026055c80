"""Calls that are demanded, through the official SDK."""

from typing import Any

import pytest
from openai import BaseModel, OpenAI, pydantic_function_tool

from conformance_tests.sdk.refusals import unless_refused

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
    with unless_refused("tool_choice", "tools"):
        if stream:
            with client.chat.completions.stream(**fields) as events:
                (answer,) = events.get_final_completion().choices
        else:
            (answer,) = client.chat.completions.parse(**fields).choices
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
