"""Function calling: tools offered, called, answered."""

import json
from typing import Any

import pytest

from conformance_tests.checks import (
    Message,
    completion,
    each_chunk_says_something,
    fold,
    message_of,
)
from conformance_tests.judging.verdicts import offered
from conformance_tests.wire import Answer, Server, ask

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Name of the city"}},
    "required": ["city"],
}


def function(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **more}}


WEATHER = function("get_weather", description="The weather of a city now", parameters=CITY)
QUESTION = ask("What is the weather in Paris? Call the tool.")
TWO = ask("What is the weather in Paris, and in Rome? Call the tool twice, two calls at once.")


@pytest.fixture(scope="module")
def called(server: Server, tools_model: str) -> Answer:
    """An answer that calls the tool; whether a model does so is judged by one check alone."""
    for _ in range(3):
        answer = server.chat(model=tools_model, messages=QUESTION, tools=[WEATHER])
        if message_of(offered(answer, "tools")).get("tool_calls"):
            return answer
    pytest.skip(f"{tools_model} was told three times and called no tool: name a --tools-model")


@pytest.fixture(scope="module")
def streamed(server: Server, tools_model: str) -> Answer:
    for _ in range(3):
        answer = server.stream(model=tools_model, messages=QUESTION, tools=[WEATHER])
        if fragments(offered(answer, "tools")):
            return answer
    pytest.skip(f"{tools_model} was told three times and streamed no call: name a --tools-model")


def test_a_call_says_whom_and_with_what(called: Answer) -> None:
    """OpenAI API reference, tool_calls: id, type, name, and the arguments as a JSON string."""
    (call,) = message_of(called)["tool_calls"]
    assert call["id"]
    assert call["type"] == "function"
    assert call["function"]["name"] == "get_weather"
    assert isinstance(json.loads(call["function"]["arguments"])["city"], str)


def test_arguments_are_a_string(called: Answer) -> None:
    """llama.cpp 20198: OpenAI's arguments are JSON in a string, which every client parses."""
    for call in message_of(called).get("tool_calls", ()):
        assert isinstance(call["function"]["arguments"], str)


def test_an_answer_that_calls_finishes_with_tool_calls(called: Answer) -> None:
    """OpenAI API reference, finish_reason: agents run the tool only when they read `tool_calls`."""
    assert completion(called)["choices"][0]["finish_reason"] == "tool_calls"


def test_content_beside_calls_is_null_or_text(called: Answer) -> None:
    """OpenAI's OpenAPI document: string or null; UIs show an empty string as an answer."""
    assert message_of(called)["content"] != ""


@pytest.mark.cooperation(times=3, least=2)
def test_a_streamed_call_is_the_same_call(server: Server, tools_model: str) -> None:
    """OpenAI API reference, the chunk object: fragments that add up to the whole call."""
    answer = server.stream(model=tools_model, messages=QUESTION, tools=[WEATHER])
    message = fold(offered(answer, "tools"))
    (call,) = message.calls
    assert (call.type, call.name) == ("function", "get_weather")
    assert call.id
    assert isinstance(json.loads(call.arguments)["city"], str)
    assert message.finish_reasons == ["tool_calls"]
    assert message.role == "assistant"


def fragments(answer: Answer) -> list[dict[str, Any]]:
    return [
        fragment
        for chunk in answer.chunks
        for choice in chunk["choices"]
        for fragment in choice["delta"].get("tool_calls", ())
    ]


def introduced(answer: Answer) -> None:
    """Whether the only call of a stream is introduced by its first fragment, and by no other."""
    first, *later = fragments(answer)
    assert first["id"]
    assert first["type"] == "function"
    assert first["function"]["name"] == "get_weather"
    assert all(not fragment.keys() & {"id"} for fragment in later)
    assert all("name" not in fragment.get("function", {}) for fragment in later)


def test_the_first_fragment_introduces_the_call(streamed: Answer) -> None:
    """openai-node throws on a call whose first fragment lacks id, type or name; openai-python
    doubles what a later one repeats.
    """
    introduced(streamed)


def test_a_named_call_is_introduced_as_well(server: Server, tools_model: str) -> None:
    """vllm 16340: the way that a call was asked for changes nothing of its fragments."""
    named = {"type": "function", "function": {"name": "get_weather"}}
    answer = server.stream(model=tools_model, messages=QUESTION, tools=[WEATHER], tool_choice=named)
    introduced(offered(answer, "tool_choice", "tools"))
    assert fold(answer).finish_reasons == ["tool_calls"]


def test_every_chunk_of_a_call_says_something(streamed: Answer) -> None:
    """vmlx 219: chunks of a kind that only one server has, and empty ones, break strict clients."""
    each_chunk_says_something(streamed)
    assert len({chunk["id"] for chunk in streamed.chunks}) == 1


@pytest.mark.parametrize("limit", [1, 2, 4, 8])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_limit_in_the_middle_of_a_call(
    server: Server, tools_model: str, limit: int, stream: bool
) -> None:
    """vllm 37937: `max_tokens` may end an answer anywhere; it ends as an answer, not as a failure,
    and whoever reads `tool_calls` has whole calls.
    """
    answer = server.chat(
        model=tools_model, messages=QUESTION, tools=[WEATHER], max_tokens=limit, stream=stream
    )
    offered(answer, "tools")
    if stream:
        message = fold(answer)
        (reason,), arguments = message.finish_reasons, [call.arguments for call in message.calls]
    else:
        (choice,) = completion(answer)["choices"]
        called = choice["message"].get("tool_calls", ())
        reason, arguments = choice["finish_reason"], [c["function"]["arguments"] for c in called]
    assert reason in ("length", "tool_calls")
    if reason == "tool_calls":
        assert all(json.loads(text) for text in arguments)


def test_a_limit_never_breaks_a_stream_off(server: Server, tools_model: str) -> None:
    """vllm 37937: an IndexError where the call is cut, and a connection that just ends."""
    for limit in range(1, 9):
        fields = {"messages": QUESTION, "tools": [WEATHER], "max_tokens": limit}
        answer = offered(server.stream(model=tools_model, **fields), "tools")
        assert answer.complete
        assert answer.chunks


def test_the_finish_reason_has_a_chunk_after_the_calls(streamed: Answer) -> None:
    """OpenAI's streams end a choice with an empty delta, so that no call is lost to the reason."""
    last = [chunk for chunk in streamed.chunks if chunk["choices"]][-1]["choices"][0]
    assert last["finish_reason"] == "tool_calls"
    assert not last["delta"].get("tool_calls")


@pytest.mark.cooperation(times=3, least=2)
def test_two_calls_are_told_apart(server: Server, tools_model: str) -> None:
    """openai-python indexes fragments by `index`: calls that share one become one."""
    answer = server.stream(model=tools_model, messages=TWO, tools=[WEATHER])
    calls = fold(offered(answer, "tools")).calls
    assert calls
    assert len({call.id for call in calls}) == len(calls)
    assert all(json.loads(call.arguments) for call in calls)
    whole = message_of(server.chat(model=tools_model, messages=TWO, tools=[WEATHER]))["tool_calls"]
    assert len({call["id"] for call in whole}) == len(whole)


CONTENTS: dict[str, Any] = {
    "text": "Sunny, 24 degrees.",
    "JSON": '{"celsius": 24}',
    "parts": [{"type": "text", "text": "Sunny, 24 degrees."}],
    "empty": "",
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.cooperation(times=3, least=2)
def test_a_result_leads_to_an_answer(
    server: Server, tools_model: str, called: Answer, content: Any, stream: bool
) -> None:
    """OpenAI's function calling guide: send the message back as it came, the results after it."""
    message = message_of(called)
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": content}
    messages = [*QUESTION, message, result]
    fields = {"model": tools_model, "messages": messages, "tools": [WEATHER]}
    answer = said(server, stream, fields)
    assert answer.content
    assert answer.finish_reasons == ["stop"]


def said(server: Server, stream: bool, fields: dict[str, Any]) -> Message:
    """One answer, whichever way it was sent."""
    if stream:
        return fold(server.stream(**fields))
    (choice,) = completion(server.chat(**fields))["choices"]
    return Message(content=choice["message"]["content"], finish_reasons=[choice["finish_reason"]])


@pytest.mark.cooperation(times=3, least=2)
def test_several_results_in_any_order(server: Server, tools_model: str) -> None:
    """OpenAI's function calling guide: one tool message per call, matched by `tool_call_id`."""
    calls = [
        {"id": f"call_{i}", **function("get_weather", arguments=json.dumps({"city": city}))}
        for i, city in enumerate(("Paris", "Rome"))
    ]
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": "Sunny."} for call in calls[::-1]
    ]
    messages = [*TWO, {"role": "assistant", "content": None, "tool_calls": calls}, *results]
    said = message_of(server.chat(model=tools_model, messages=messages))["content"]
    assert "sunny" in said.lower()


DEFINITIONS: dict[str, dict[str, Any]] = {
    "no parameters": function("now", description="The time"),
    "no description": function("now", parameters=CITY),
    "null parameters": function("now", description=None, parameters=None),
    "empty parameters": function("now", parameters={}),
    "strict": function("now", strict=True, parameters={**CITY, "additionalProperties": False}),
    "strict null": function("now", strict=None, parameters=CITY),
    "dashes": function("plugin-function_1", parameters=CITY),
    "$schema": function(
        "now", parameters={"$schema": "https://json-schema.org/draft/2020-12/schema", **CITY}
    ),
    "definitions": function(
        "now",
        parameters={
            "type": "object",
            "properties": {
                "where": {"$ref": "#/$defs/Place"},
                "when": {"type": ["string", "null"]},
            },
            "$defs": {"Place": {"type": "object", "properties": {"city": {"type": "string"}}}},
        },
    ),
    "unions": function(
        "now",
        parameters={
            "type": "object",
            "properties": {
                "at": {"anyOf": [{"type": "string"}, {"type": "integer"}], "default": 1},
                "zone": {"enum": ["CET", "UTC"]},
                "list": {"type": "array", "items": {"type": "object"}, "minItems": 1},
            },
        },
    ),
    "unknown keys": {**function("now", x_hint="y"), "cache_control": {"type": "ephemeral"}},
}


@pytest.mark.parametrize("tool", DEFINITIONS.values(), ids=DEFINITIONS.keys())
def test_definitions_as_clients_write_them(
    server: Server, tools_model: str, tool: dict[str, Any]
) -> None:
    """OpenAI API reference, tools: only the name is required, parameters are any JSON Schema."""
    fields = {"model": tools_model, "messages": ask("What time is it?")}
    alone = completion(server.chat(**fields, max_tokens=1))["usage"]["prompt_tokens"]
    answer = offered(server.chat(**fields, tools=[tool]), "tools")
    assert completion(answer)["usage"]["prompt_tokens"] > alone, "the model is told of the tool"
    message = message_of(answer)
    for call in message.get("tool_calls", ()):
        assert call["function"]["name"] == tool["function"]["name"]
        assert isinstance(json.loads(call["function"]["arguments"]), dict)


def test_none_means_no_call(server: Server, tools_model: str) -> None:
    """OpenAI API reference, tool_choice: `none` means the model will not call any tool."""
    fields = {"model": tools_model, "messages": QUESTION, "tools": [WEATHER], "tool_choice": "none"}
    answer = server.chat(**fields)
    (choice,) = completion(offered(answer, "tool_choice", "tools"))["choices"]
    assert "tool_calls" not in choice["message"]
    assert choice["message"]["content"]
    assert choice["finish_reason"] != "tool_calls"


def test_a_call_is_demanded_by_name_where_any_is(server: Server, tools_model: str) -> None:
    """lmstudio 670: `tool_choice` as an object refused. Whoever understands `required` has all
    that a name needs: it is `required` with that tool alone.
    """
    fields = {"model": tools_model, "messages": QUESTION, "tools": [WEATHER]}
    completion(offered(server.chat(**fields, tool_choice="required"), "tool_choice", "tools"))
    named = {"type": "function", "function": {"name": "get_weather"}}
    answer = server.chat(**fields, tool_choice=named)
    assert answer.status == 200, answer.body[:500]
    if "tool_calls" not in message_of(answer):
        pytest.skip("the choice is taken and not kept, which is asked elsewhere")


@pytest.mark.cooperation(times=3, least=2)
def test_auto_is_the_default(server: Server, tools_model: str) -> None:
    """OpenAI API reference, tool_choice: `auto` is the default if tools are present."""
    fields = {"model": tools_model, "messages": QUESTION, "tools": [WEATHER], "tool_choice": "auto"}
    assert message_of(offered(server.chat(**fields), "tools"))["tool_calls"]


def test_no_tools_is_no_call(server: Server, tools_model: str) -> None:
    """Seen on the wire: openai-agents and others send an empty list when they have no tools."""
    message = message_of(server.chat(model=tools_model, messages=QUESTION, tools=[]))
    assert message["content"]


def test_usage_counts_calls(server: Server, tools_model: str) -> None:
    """OpenAI API reference, usage: calls are generated tokens like any others."""
    answer = server.stream(
        model=tools_model,
        messages=QUESTION,
        tools=[WEATHER],
        stream_options={"include_usage": True},
    )
    usage = fold(offered(answer, "tools")).usage
    assert usage
    assert usage["completion_tokens"] > 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
