"""What a client of `/responses` did wrong, and what it is told."""

from typing import Any

import pytest

from conformance_tests.checks import error_of
from conformance_tests.responding import Responses, function, response_of, user
from conformance_tests.response_events import events_of
from conformance_tests.wire import Answer, Server


def refused(answer: Answer, param: str, status: int = 400) -> dict[str, Any]:
    """The error, which blames the client and names what is at fault."""
    error = error_of(answer)
    assert (answer.status, error["type"]) == (status, "invalid_request_error")
    assert (error["param"] or "").startswith(param), error
    return error


@pytest.mark.parametrize("field", ["model", "input"])
def test_a_required_field_is_missing(responses: Responses, field: str) -> None:
    """OpenAI: 400, and the field is named."""
    body = responses.body("Say hello.")
    del body[field]
    refused(responses.server.request("POST", "/responses", body), field)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", ["there-is-no-such-model", "../x", "folder/../x", "two words"])
def test_an_unknown_model(responses: Responses, model: str, stream: bool) -> None:
    """An error before the first event is a status, never a stream (llama.cpp 14566)."""
    answer = responses.create(model=model, stream=stream)
    assert answer.status in (400, 404)
    error = error_of(answer)
    assert (error["param"], error["code"]) == ("model", "model_not_found")


def test_an_error_within_a_stream_is_numbered(responses: Responses) -> None:
    """OmniRoute 13964: whoever begins the stream before the error numbers it like any event."""
    answer = responses.create(model="there-is-no-such-model", stream=True)
    if answer.status == 200:
        events = events_of(answer.body)
        assert [event.get("sequence_number") for event in events] == list(range(len(events)))


NESTED = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
MISTAKES: dict[str, tuple[str, dict[str, Any]]] = {
    "input of a number": ("input", {"input": 5}),
    "bad role": ("input", {"input": [{"role": "nobody", "content": "Hi."}]}),
    "no content": ("input", {"input": [{"role": "user"}]}),
    "part of chat completions": (
        "input",
        {"input": [{"role": "user", "content": [{"type": "text", "text": "Hi."}]}]},
    ),
    "unknown item": ("input", {"input": [{"type": "thing_of_next_year"}]}),
    "nothing but what a hosted tool did": (
        "input",
        {"input": [{"type": "web_search_call", "id": "ws_1", "status": "completed"}]},
    ),
    "item of a string": ("input", {"input": ["Hi."]}),
    "nested tool": ("tools", {"tools": [NESTED]}),
    "unknown tool type": ("tools", {"tools": [{"type": "thing_of_next_year"}]}),
    "tool without a name": ("tools", {"tools": [{"type": "function"}]}),
    "choice of no tool": (
        "tool_choice",
        {"tools": [function()], "tool_choice": {"type": "function", "name": "saw"}},
    ),
    "required without tools": ("tool_choice", {"tool_choice": "required"}),
    "choice of a hosted tool": (
        "tool",
        {"tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search"}},
    ),
    "limit below 16": ("max_output_tokens", {"max_output_tokens": 15}),
    "temperature": ("temperature", {"temperature": 2.5}),
    "temperature as text": ("temperature", {"temperature": "0.5"}),
    "effort": ("reasoning", {"reasoning": {"effort": "very much"}}),
    "truncation": ("truncation", {"truncation": "perhaps"}),
    "include": ("include", {"include": ["everything"]}),
    "nested format": (
        "text",
        {"text": {"format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}}},
    ),
    "format": ("text", {"text": {"format": {"type": "poem"}}}),
    "schema": (
        "text",
        {"text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "planet"}}}},
    ),
    "metadata": ("metadata", {"metadata": {"a": 1}}),
    "too many metadata": ("metadata", {"metadata": {str(n): "" for n in range(17)}}),
    "empty predecessor": ("previous_response_id", {"previous_response_id": ""}),
    "empty conversation": ("conversation", {"conversation": ""}),
    "service tier": ("service_tier", {"service_tier": "cheap"}),
    "stored prompt": ("prompt", {"prompt": {"id": "pmpt_1"}}),
    "background unstored": ("background", {"background": True, "store": False}),
    "orphan output": (
        "input",
        {
            "input": [
                user("Hi."),
                {"type": "function_call_output", "call_id": "call_x", "output": "5"},
            ]
        },
    ),
    "call without output": (
        "input",
        {
            "input": [
                user("Hi."),
                {"type": "function_call", "call_id": "call_x", "name": "f", "arguments": "{}"},
            ]
        },
    ),
    "unknown predecessor": (
        "previous_response_id",
        {"previous_response_id": "resp_000000000000000000000000"},
    ),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_by_name(responses: Responses, name: str, stream: bool) -> None:
    """OpenAI: 400 with the field at fault; what is taken in silence is answered wrongly."""
    param, fields = MISTAKES[name]
    error = refused(responses.create(**{"input": "Say hello.", **fields}, stream=stream), param)
    if name == "unknown predecessor":
        assert error["code"] == "previous_response_not_found"


def test_hosted_tools_are_left_out_or_refused(responses: Responses) -> None:
    """Codex always sends web_search; a server without it leaves it out, or refuses it by name."""
    tools = [{"type": "web_search"}, function()]
    answer = responses.create(tools=tools)
    if answer.status == 400:
        refused(answer, "tools")
    else:
        assert response_of(answer)["status"] == "completed"


def test_a_conversation_and_a_predecessor_exclude_each_other(
    responses: Responses, conversations: Server
) -> None:
    """OpenAI API reference, conversation: it cannot be used with previous_response_id."""
    first = responses.made()
    conversation = conversations.request("POST", "/conversations", {}).json["id"]
    assert responses.made(conversation=conversation)
    answer = responses.create(previous_response_id=first["id"], conversation=conversation)
    assert (answer.status, error_of(answer)["type"]) == (400, "invalid_request_error")


def test_an_unknown_response(responses: Responses) -> None:
    """OpenAI: 404 for whatever is done with it."""
    id = "resp_000000000000000000000000"
    for answer in (
        responses.get(id),
        responses.delete(id),
        responses.cancel(id),
        responses.input_items(id),
    ):
        assert (answer.status, error_of(answer)["type"]) == (404, "invalid_request_error")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"hello"', b"\xff"])
def test_what_is_no_object(responses: Responses, body: bytes) -> None:
    """OpenAI: 400 for a body that is no JSON object."""
    answer = responses.server.request("POST", "/responses", body)
    assert answer.status == 400
    error_of(answer)
