"""Function tools of `/responses`: offered, called, answered at any distance."""

import json
from typing import Any

import pytest

from conformance_tests.responding import (
    CALLED,
    Responses,
    calls_of,
    function,
    text_of,
    user,
)

WEATHER = function()
CLOCK = function("get_time")


def output(call: dict[str, Any], said: Any = "Sunny, 24 degrees.") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call["call_id"], "output": said}


@pytest.fixture(scope="module")
def called(responses: Responses, tools_model: str) -> dict[str, Any]:
    for _ in range(3):
        response = responses.made(CALLED, model=tools_model, tools=[WEATHER])
        if calls_of(response):
            return response
    pytest.skip(f"{tools_model} was told three times and called no tool: name a --tools-model")


def test_a_call_says_whom_and_with_what(called: dict[str, Any]) -> None:
    """OpenAI API reference, function_call: an id of the item, a call_id, the arguments as JSON."""
    (call,) = calls_of(called)
    assert (call["name"], call["status"]) == ("get_weather", "completed")
    assert isinstance(json.loads(call["arguments"])["city"], str)


def test_a_tool_is_told_back_with_its_strictness(called: dict[str, Any]) -> None:
    """Open Responses: every echoed function tool has `strict`."""
    (tool,) = called["tools"]
    assert {name: tool[name] for name in WEATHER} == WEATHER


@pytest.mark.parametrize(
    "said", ["Sunny.", '{"celsius": 24}', "", [{"type": "input_text", "text": "Sunny."}]]
)
@pytest.mark.cooperation(times=3, least=2)
def test_a_result_follows_by_the_id_of_the_response(
    responses: Responses, tools_model: str, called: dict[str, Any], said: Any
) -> None:
    """OpenAI's guide to function calling, with state: the outputs alone are sent."""
    (call,) = calls_of(called)
    answer = responses.made(
        [output(call, said)],
        model=tools_model,
        tools=[WEATHER],
        previous_response_id=called["id"],
    )
    assert text_of(answer)


@pytest.mark.parametrize("between", [[], [user("Be quick about it.")]], ids=["next", "distant"])
@pytest.mark.cooperation(times=3, least=2)
def test_a_result_follows_by_hand(
    responses: Responses, tools_model: str, called: dict[str, Any], between: list[Any]
) -> None:
    """OpenAI's guide, without state: input, output and results in one list; Codex puts other items
    between a call and its result.
    """
    (call,) = calls_of(called)
    sent = [user(CALLED), *called["output"], *between, output(call)]
    fields = {"model": tools_model, "tools": [WEATHER], "store": False}
    response = responses.made(sent, **fields)
    assert text_of(response) or calls_of(response)  # some ask again for what came late


@pytest.mark.cooperation(times=3, least=2)
def test_results_of_several_calls_in_any_order(responses: Responses, tools_model: str) -> None:
    """Calls and results pair by `call_id`, not by their places."""
    calls = [
        {
            "type": "function_call",
            "call_id": f"call_{city}",
            "name": "get_weather",
            "arguments": json.dumps({"city": city}),
        }
        for city in ("Paris", "Rome")
    ]
    sent = [user("How is the weather in Paris and in Rome?"), *calls]
    sent += [output(call, f"Sunny in {call['call_id']}.") for call in reversed(calls)]
    assert text_of(responses.made(sent, model=tools_model, tools=[WEATHER]))


def test_a_result_twice_is_refused_or_one_of_them(
    responses: Responses, tools_model: str, called: dict[str, Any]
) -> None:
    """A call has one result; a second is the client's mistake, never a failure."""
    (call,) = calls_of(called)
    sent = [user(CALLED), *called["output"], output(call), output(call)]
    assert responses.create(sent, model=tools_model, tools=[WEATHER]).status in (200, 400)


def test_none_means_no_call(responses: Responses, tools_model: str) -> None:
    """OpenAI API reference, tool_choice: `none` means the model will not call any tool."""
    fields = {"model": tools_model, "tools": [WEATHER], "tool_choice": "none"}
    response = responses.made(CALLED, **fields)
    assert calls_of(response) == []
    assert text_of(response)


NAMED = {"type": "function", "name": "get_time"}
ALLOWED = {"type": "allowed_tools", "mode": "required", "tools": [NAMED]}


@pytest.mark.parametrize("choice", ["required", NAMED, ALLOWED], ids=["any", "named", "allowed"])
def test_a_demanded_call_is_made(responses: Responses, tools_model: str, choice: Any) -> None:
    """OpenAI API reference, tool_choice: a promise of the server, not of the model."""
    fields = {"model": tools_model, "tools": [WEATHER, CLOCK], "tool_choice": choice}
    response = responses.made("Turn the lamp on.", **fields)
    names = {call["name"] for call in calls_of(response)}
    assert names
    assert choice == "required" or names == {"get_time"}
    assert response["tool_choice"] == choice


def test_one_call_at_a_time(responses: Responses, tools_model: str) -> None:
    """OpenAI API reference, parallel_tool_calls."""
    response = responses.made(
        "What is the weather in Paris, and in Rome? Call the tool twice, two calls at once.",
        model=tools_model,
        tools=[WEATHER],
        tool_choice="required",
        parallel_tool_calls=False,
    )
    assert len(calls_of(response)) == 1


DEFINITIONS: dict[str, dict[str, Any]] = {
    "no parameters": {"type": "function", "name": "now"},
    "null parameters": {"type": "function", "name": "now", "parameters": None, "strict": None},
    "empty parameters": {"type": "function", "name": "now", "parameters": {}, "strict": False},
    "described": {**function("now"), "description": "The time"},
    "dashes": function("plugin-function_1"),
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_definitions_as_clients_write_them(
    responses: Responses, tools_model: str, name: str
) -> None:
    """openai-agents, Codex and others: only the name is there for certain."""
    response = responses.made("What time is it?", model=tools_model, tools=[DEFINITIONS[name]])
    assert all(call["name"] == DEFINITIONS[name]["name"] for call in calls_of(response))
    assert "strict" in response["tools"][0]
