"""What a client did wrong, and what it is told: status, type, `param`, `code`."""

from typing import Any

import pytest

from conformance_tests.checks import error_of
from conformance_tests.wire import Server, ask

INVALID = "invalid_request_error"


def refusal(server: Server, **fields: Any) -> tuple[int, str | None, str | None]:
    """Status, `param` and `code` of the answer to a body with these fields."""
    answer = server.chat(**fields)
    error = error_of(answer)
    assert error["type"] == INVALID
    return answer.status, error["param"], error["code"]


def test_an_unknown_model(server: Server) -> None:
    """OpenAI: 404 with code model_not_found; litellm and others choose their exception by it."""
    for stream in (False, True):
        status, param, code = refusal(server, model="there-is-no-such-model", stream=stream)
        assert (status, code) == (404, "model_not_found")
        assert param in (None, "model")


@pytest.mark.parametrize("field", ["model", "messages"])
def test_a_required_field_is_missing(server: Server, field: str) -> None:
    """OpenAI API reference, chat: model and messages are required; null is not a value of them."""
    body = server.body()
    for wrong in ({k: v for k, v in body.items() if k != field}, {**body, field: None}):
        answer = server.request("POST", "/chat/completions", wrong)
        error = error_of(answer)
        assert answer.status == 400
        assert error["type"] == INVALID
        assert error["param"] in (field, None if field == "model" else field)


def test_there_must_be_a_message(server: Server) -> None:
    """OpenAI's OpenAPI document: messages has at least one item."""
    assert refusal(server, messages=[]) == (400, "messages", "empty_array")


# Fields with an effect, and what they are never.
TYPES: list[tuple[str, list[Any]]] = [
    ("model", [5, [], {}, True]),
    ("messages", ["hello", 5, {}, True, [5], ["hello"], [[]]]),
    ("stream", ["true", 1, []]),
    ("stream_options", ["usage", 1, []]),
    ("temperature", ["0.5", [], {}, True]),
    ("top_p", ["0.5", [], {}, True]),
    ("max_tokens", ["5", 1.5, [], True]),
    ("max_completion_tokens", ["5", 1.5, [], True]),
    ("presence_penalty", ["0", [], {}]),
    ("frequency_penalty", ["0", [], {}]),
    ("seed", ["1", 1.5, []]),
    ("stop", [5, {}, [5], [["a"]], True]),
    ("n", ["1", 1.5, []]),
    ("tools", ["get_weather", 5, {}, [5], ["get_weather"], True]),
    ("response_format", ["json", 5, [], True]),
    ("logprobs", ["yes", 1, []]),
    ("top_logprobs", ["1", 1.5, []]),
    ("logit_bias", ["x", 5, [1]]),
]
WRONG = [(name, value) for name, values in TYPES for value in values]


@pytest.mark.parametrize(("field", "value"), WRONG, ids=lambda value: repr(value)[:30])
def test_a_value_of_the_wrong_type(server: Server, field: str, value: Any) -> None:
    """OpenAI API reference: the types; OpenAI coerces nothing, and names the field in `param`."""
    more = {"stream": True} if field == "stream_options" else {}
    status, param, _ = refusal(server, **{**more, field: value})
    assert status == 400
    assert (param or "").startswith(field)


RANGES: list[tuple[str, Any, str]] = [
    ("temperature", -0.1, "decimal_below_min_value"),
    ("temperature", 2.1, "decimal_above_max_value"),
    ("top_p", -0.1, "decimal_below_min_value"),
    ("top_p", 1.1, "decimal_above_max_value"),
    ("presence_penalty", -2.1, "decimal_below_min_value"),
    ("presence_penalty", 2.1, "decimal_above_max_value"),
    ("frequency_penalty", -2.1, "decimal_below_min_value"),
    ("frequency_penalty", 2.1, "decimal_above_max_value"),
    ("max_tokens", 0, "integer_below_min_value"),
    ("max_tokens", -1, "integer_below_min_value"),
    ("max_completion_tokens", 0, "integer_below_min_value"),
    ("n", 0, "integer_below_min_value"),
    ("n", 129, "integer_above_max_value"),
    ("n", 10**6, "integer_above_max_value"),
    ("seed", 2**64, "integer_above_max_value"),
    ("seed", -(2**64), "integer_below_min_value"),
    ("stop", ["a", "b", "c", "d", "e"], "array_above_max_length"),
    ("service_tier", "cheap", "invalid_value"),
    ("verbosity", "chatty", "invalid_value"),
]


@pytest.mark.parametrize(("field", "value", "code"), RANGES, ids=lambda value: str(value)[:30])
def test_a_value_out_of_bounds(server: Server, field: str, value: Any, code: str) -> None:
    """OpenAI API reference: the bounds; the codes are those that OpenAI answers with."""
    assert refusal(server, **{field: value}) == (400, field, code)


def test_top_logprobs_need_logprobs(server: Server) -> None:
    """OpenAI API reference, top_logprobs: logprobs must be true; at most 20."""
    assert refusal(server, top_logprobs=2)[:2] == (400, "top_logprobs")
    status, param, _ = refusal(server, logprobs=True, top_logprobs=21)
    assert (status, param) in [(400, "top_logprobs"), (400, "logprobs")]


def test_stream_options_need_a_stream(server: Server) -> None:
    """OpenAI API reference, stream_options: only set this when you set `stream: true`."""
    assert refusal(server, stream_options={"include_usage": True})[:2] == (400, "stream_options")


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}])
def test_a_call_cannot_be_forced_without_tools(server: Server, choice: Any) -> None:
    """OpenAI: tool_choice is only allowed when tools are specified."""
    assert refusal(server, tool_choice=choice)[:2] == (400, "tool_choice")


MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    "no role": ({"content": "Hi."}, "messages[0].role"),
    "unknown role": ({"role": "robot", "content": "Hi."}, "messages[0].role"),
    "role a number": ({"role": 5, "content": "Hi."}, "messages[0].role"),
    "content a number": ({"role": "user", "content": 5}, "messages[0].content"),
    "content an object": ({"role": "user", "content": {"text": "Hi."}}, "messages[0].content"),
    "part a string": ({"role": "user", "content": ["Hi."]}, "messages[0].content[0]"),
    "part without type": ({"role": "user", "content": [{"text": "a"}]}, "messages[0].content[0]"),
    "unknown part": ({"role": "user", "content": [{"type": "x"}]}, "messages[0].content[0]"),
    "part without text": (
        {"role": "user", "content": [{"type": "text"}]},
        "messages[0].content[0]",
    ),
    "text a number": (
        {"role": "user", "content": [{"type": "text", "text": 5}]},
        "messages[0].content[0].text",
    ),
    "result of nothing": ({"role": "tool", "content": "Hi."}, "messages"),
    "result without a call": (
        {"role": "tool", "content": "Hi.", "tool_call_id": "call_1"},
        "messages",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_a_malformed_message(server: Server, case: str) -> None:
    """OpenAI API reference, messages: roles, parts and their required fields."""
    message, where = MESSAGES[case]
    status, param, _ = refusal(server, messages=[message])
    assert status == 400
    assert (param or "").startswith(where)


def test_a_call_without_its_result(server: Server) -> None:
    """OpenAI: an assistant message with tool_calls must be followed by tool messages."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [*ask("Hi."), {"role": "assistant", "tool_calls": [call]}, *ask("Well?")]
    status, param, _ = refusal(server, messages=messages)
    assert status == 400
    assert (param or "").startswith("messages")


TOOLS: dict[str, tuple[Any, str]] = {
    "nothing": ({}, "tools[0]"),
    "no function": ({"type": "function"}, "tools[0].function"),
    "no name": ({"type": "function", "function": {}}, "tools[0].function.name"),
    "name a number": ({"type": "function", "function": {"name": 5}}, "tools[0].function.name"),
    "empty name": ({"type": "function", "function": {"name": ""}}, "tools[0].function.name"),
    "unknown type": ({"type": "spanner"}, "tools[0].type"),
    "parameters a string": (
        {"type": "function", "function": {"name": "f", "parameters": "none"}},
        "tools[0].function.parameters",
    ),
}


@pytest.mark.parametrize("case", TOOLS)
def test_a_malformed_tool(server: Server, tools_model: str, case: str) -> None:
    """OpenAI API reference, tools: a type, and a function with a name."""
    tool, where = TOOLS[case]
    status, param, _ = refusal(server, model=tools_model, tools=[tool])
    assert status == 400
    assert (param or "").startswith(where)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/there-is-no-such-route"),
        ("POST", "/chat/completions/there/is/no/such/route"),
        ("POST", "/engines/davinci/completions"),
        ("DELETE", "/no"),
    ],
)
def test_an_unknown_route(server: Server, method: str, path: str) -> None:
    """OpenAI: 404 as an error object; SDKs show "404 status code (no body)" for anything else."""
    answer = server.request(method, path, {} if method == "POST" else None)
    error = error_of(answer)
    assert (answer.status, error["type"], error["param"]) == (404, INVALID, None)


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/chat/completions"), ("DELETE", "/chat/completions"), ("POST", "/models")],
)
def test_a_wrong_method(server: Server, method: str, path: str) -> None:
    """OpenAI: 405 as an error object. RFC 9110, 15.5.6: with `Allow`."""
    answer = server.request(method, path, {} if method in ("PUT", "POST") else None)
    assert (answer.status, error_of(answer)["type"]) == (405, INVALID)
    assert answer.headers["allow"]
