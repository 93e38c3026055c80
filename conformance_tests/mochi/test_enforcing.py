"""What a model takes for advice is brought about: calls, formats, one call at a time.

The models are simulated, each with a habit of real ones: `demo-chatty` never calls a tool by
itself, `demo-sloppy` and `demo-hopeless` ignore formats, `demo-careless` damages arguments.
"""

import json
from typing import Any

import pytest

from conformance_tests.checks import completion, fold, message_of
from conformance_tests.mochi.errors import error_of
from conformance_tests.wire import Answer, Server, ask

PLACE = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city", "days"],
}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": PLACE}}
CLOCK = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object"}}}
NAMED = {"type": "function", "function": {"name": "weather"}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "place", "schema": PLACE}}
STRICT = {"type": "json_schema", "json_schema": {"name": "place", "schema": PLACE, "strict": True}}


def fits(text: str) -> bool:
    value = json.loads(text)
    return isinstance(value["city"], str) and isinstance(value["days"], int) and value["days"] >= 1


def calls(answer: Answer, *, stream: bool) -> list[dict[str, Any]]:
    """The calls of an answer that has nothing but calls, and ended as one."""
    if stream:
        message = fold(answer)
        assert (message.content, message.finish_reasons) == ("", ["tool_calls"])
        return [{"name": call.name, "arguments": call.arguments} for call in message.calls]
    choice = completion(answer)["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == (None, "tool_calls")
    return [call["function"] for call in choice["message"]["tool_calls"]]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("tools", "choice"),
    [([WEATHER], "required"), ([CLOCK, WEATHER], "required"), ([CLOCK, WEATHER], NAMED)],
    ids=["the only one", "one of two", "named"],
)
def test_a_model_that_chats_calls_all_the_same(
    server: Server, root: Server, tools: list[Any], choice: Any, stream: bool
) -> None:
    """ollama/ollama 17921, 8421: `tool_choice` is accepted there and ignored."""
    body = {"model": "demo-chatty", "tools": tools, "tool_choice": choice}
    answer = server.chat(messages=ask("How is the weather?"), stream=stream, **body)
    [call] = calls(answer, stream=stream)
    if call["name"] == "weather":
        assert fits(call["arguments"])
    assert choice == "required" or call["name"] == "weather"
    if not stream:
        assert int(answer.headers["x-mochi-retries"]) >= 1


def test_required_is_required_a_hundred_times(server: Server, root: Server) -> None:
    """Not asked for, but enforced: every one of a hundred questions gets its call."""
    for number in range(100):
        answer = server.chat(
            model="demo-chatty",
            messages=ask(f"Question {number}: how is the weather?"),
            tools=[WEATHER],
            tool_choice="required",
        )
        [call] = calls(answer, stream=False)
        assert fits(call["arguments"])


def test_retries_of_a_stream_are_told_in_a_comment(server: Server, root: Server) -> None:
    """The headers may have gone out by then; clients skip comments (WHATWG, server-sent events)."""
    answer = server.stream(model="demo-thinking", tools=[WEATHER], tool_choice="required")
    assert answer.body.endswith(b"data: [DONE]\n\n")
    answer = server.stream(model="demo-chatty", tools=[WEATHER], tool_choice="required")
    told = answer.headers.get("x-mochi-retries") or answer.body.decode()
    assert told == "1" or ": x-mochi-retries: 1\n\n" in told


@pytest.mark.parametrize("stream", [False, True])
def test_one_call_where_one_is_wanted(server: Server, root: Server, stream: bool) -> None:
    """OpenAI API reference: `parallel_tool_calls: false` means zero calls or exactly one."""
    body = {"model": "demo-repeats", "messages": ask("Twice."), "tools": [WEATHER]}
    assert len(calls(server.chat(stream=stream, **body), stream=stream)) > 1
    answer = server.chat(stream=stream, parallel_tool_calls=False, **body)
    assert len(calls(answer, stream=stream)) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_arguments_come_in_the_types_of_their_schema(
    server: Server, root: Server, stream: bool
) -> None:
    """Small models write numbers as strings, and names in another case or with a prefix."""
    answer = server.chat(
        model="demo-careless", messages=ask("Weather?"), tools=[WEATHER], stream=stream
    )
    [call] = calls(answer, stream=stream)
    assert call["name"] == "weather"
    assert isinstance(json.loads(call["arguments"])["days"], int)


@pytest.mark.parametrize("question", ["Where?", "And where to?", "Which city?", "How long?"])
@pytest.mark.parametrize("wanted", [FORMAT, {"type": "json_object"}])
def test_a_sloppy_model_is_asked_again(
    server: Server, root: Server, question: str, wanted: Any
) -> None:
    """Ollama constrains the decoder of some models and not of others; the answer tells."""
    answer = server.chat(model="demo-sloppy", messages=ask(question), response_format=wanted)
    value = json.loads(message_of(answer)["content"])
    assert isinstance(value, dict)
    assert wanted != FORMAT or fits(json.dumps(value))
    assert answer.headers["x-mochi-retries"] == "1"


def test_what_never_fits_is_an_error_and_never_a_success(server: Server, root: Server) -> None:
    """A 200 would be a lie; and asking again, as SDKs do after a 5xx, has been tried."""
    answer = server.chat(model="demo-hopeless", response_format=FORMAT)
    assert (answer.status, error_of(answer)["code"]) == (502, "invalid_answer")
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("wanted", [FORMAT, STRICT])
def test_a_stream_is_checked_before_it_says_it_is_finished(
    server: Server, root: Server, wanted: Any
) -> None:
    """What was shown cannot be taken back: an error frame, no finish reason, no `[DONE]`."""
    answer = server.chat(model="demo-hopeless", response_format=wanted, stream=True)
    assert answer.status == 200
    assert answer.chunks[-1]["error"]["code"] == "invalid_answer"
    assert b"[DONE]" not in answer.body
    assert b'"finish_reason":"' not in answer.body
    good = fold(server.stream(response_format=wanted))
    assert fits(good.content)
    assert good.finish_reasons == ["stop"]


@pytest.mark.parametrize("model", ["demo-tools", "demo-chatty"])
def test_tools_and_a_format_in_one_request(server: Server, root: Server, model: str) -> None:
    """A call, or else an answer that fits; Ollama's own grammar allows one of the two."""
    answer = server.chat(model=model, tools=[CLOCK], response_format=FORMAT)
    message = message_of(answer)
    if model == "demo-tools":
        assert message["tool_calls"]
    else:
        assert fits(message["content"])


def test_a_schema_that_cannot_be_checked_is_refused(server: Server, root: Server) -> None:
    """What cannot be promised is refused by name, before a model is asked."""
    bad = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "planet"}}}
    answer = server.chat(response_format=bad)
    assert answer.status == 400
    assert error_of(answer)["param"].startswith("response_format")


@pytest.mark.parametrize("stream", [False, True])
def test_functions_in_their_old_form(
    server: Server, root: Server, tools_model: str, stream: bool
) -> None:
    """OpenAI API reference, deprecated: `functions`, `function_call`, role `function`."""
    body = {"model": tools_model, "functions": [WEATHER["function"]]}
    answer = server.chat(messages=ask("Weather?"), stream=stream, **body)
    if stream:
        deltas = [chunk["choices"][0] for chunk in answer.chunks if chunk["choices"]]
        [call] = [d["delta"]["function_call"] for d in deltas if "function_call" in d["delta"]]
        assert deltas[-1]["finish_reason"] == "function_call"
    else:
        choice = answer.json["choices"][0]
        call = choice["message"]["function_call"]
        assert (choice["finish_reason"], choice["message"]["content"]) == ("function_call", None)
    assert fits(call["arguments"])
    result = {"role": "function", "name": "weather", "content": "Sunny."}
    past = {"role": "assistant", "content": None, "function_call": call}
    messages = [*ask("Weather?"), past, result]
    assert message_of(server.chat(messages=messages, **body))["content"]


@pytest.mark.parametrize("stream", [False, True])
def test_several_choices(server: Server, root: Server, stream: bool) -> None:
    """OpenAI API reference, `n`: choices with their own index, the prompt counted once."""
    body = {"n": 3, "seed": 7, "temperature": 1.0, "messages": ask("Tell me something.")}
    if stream:
        answer = server.stream(stream_options={"include_usage": True}, **body)
        chunks = answer.chunks
        indexes = [chunk["choices"][0]["index"] for chunk in chunks if chunk["choices"]]
        assert indexes[0] == 0
        assert set(indexes) == {0, 1, 2}
        usages = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
        assert len(usages) == 1
        usage = usages[0]
    else:
        whole = server.chat(**body).json
        assert [choice["index"] for choice in whole["choices"]] == [0, 1, 2]
        usage = whole["usage"]
    alone = server.chat(**{**body, "n": 1}).json["usage"]
    assert usage["prompt_tokens"] == alone["prompt_tokens"]
    assert usage["completion_tokens"] > alone["completion_tokens"]


def test_more_choices_than_allowed_are_refused(server: Server, root: Server) -> None:
    """security.md 41: every number has a bound. MOCHI_MAX_N is 16."""
    answer = server.chat(n=17)
    assert (answer.status, error_of(answer)["param"]) == (400, "n")
