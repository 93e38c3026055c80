"""What Ollama and the network can do wrong; the simulator does it when asked by model name.

Before the first token a failure is a real status. After it the stream ends in one error frame, and
nothing pretends that it came to its end.
"""

import json
from typing import Any

import openai
import pytest
from openai import OpenAI

from conformance_tests.checks import completion, fold
from conformance_tests.mochi.errors import error_of
from conformance_tests.wire import Server, ask

QUESTION = ask("Count to 20")
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}

AT_ONCE: dict[str, tuple[int, str]] = {
    "memory": (503, "model_load_failed"),
    "memory-old": (503, "model_load_failed"),
    "load": (503, "model_load_failed"),
    "busy": (503, "overloaded"),
    "gone": (404, "model_not_found"),
    "engine-error": (502, "upstream_error"),
    "empty-body": (502, "upstream_error"),
    "reset-first": (502, "upstream_error"),
    "close-first": (502, "upstream_error"),
    "html": (502, "upstream_error"),
    "proxy": (502, "upstream_error"),
    "framing": (502, "upstream_error"),
    "http": (502, "upstream_error"),
    "status-429": (429, "rate_limit_exceeded"),
    "status-500": (503, "model_load_failed"),
    "status-502": (502, "upstream_error"),
    "status-503": (503, "overloaded"),
    "status-599": (502, "upstream_error"),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", AT_ONCE)
def test_before_the_first_token(server: Server, root: Server, name: str, stream: bool) -> None:
    """OpenAI SDKs choose the exception, and whether to try again, by the status."""
    answer = server.chat(model=f"demo-broken-{name}", messages=QUESTION, stream=stream)
    assert (answer.status, error_of(answer)["code"]) == AT_ONCE[name]


@pytest.mark.parametrize("name", ["memory", "busy"])
def test_whether_to_try_again(server: Server, root: Server, name: str) -> None:
    """openai-python tries every 5xx three times, unless `x-should-retry` says that it is no use."""
    headers = server.chat(model=f"demo-broken-{name}").headers
    if name == "memory":
        assert headers["x-should-retry"] == "false"
    else:
        assert float(headers["retry-after"]) > 0


MIDWAY = [
    *["engine-dies", "runner-stops", "map", "no-done", "reset", "close", "half-line"],
    *["half-line-close", "garbage", "types"],
]


@pytest.mark.parametrize("name", MIDWAY)
def test_after_the_first_token(server: Server, root: Server, name: str) -> None:
    """openai-python raises on a frame with `error`; clients take [DONE] or a finish reason for
    success, and would keep half an answer as a whole one.
    """
    answer = server.stream(model=f"demo-broken-{name}", messages=QUESTION)
    assert answer.status == 200
    assert answer.complete
    *chunks, last = answer.chunks
    assert last["error"].keys() == {"message", "type", "param", "code"}
    assert (last["error"]["type"], last["error"]["code"]) == ("server_error", "upstream_error")
    assert all("error" not in chunk for chunk in chunks)
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks)
    assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)
    assert b"[DONE]" not in answer.body


@pytest.mark.parametrize("name", MIDWAY)
def test_half_an_answer_is_none(server: Server, root: Server, name: str) -> None:
    """An answer in one piece has a status still: 502, not the beginning of a text with 200."""
    answer = server.chat(model=f"demo-broken-{name}", messages=QUESTION)
    assert (answer.status, error_of(answer)["code"]) == (502, "upstream_error")


HARMLESS = [
    *["no-done-reason", "no-eval-count", "drip", "megabyte", "split", "burst", "blank-lines"],
    *["old", "pause-0.2", "stall-0.2"],
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", HARMLESS)
def test_what_does_no_harm(server: Server, root: Server, name: str, stream: bool) -> None:
    """Packets are cut anywhere, older servers say less; the answer is whole all the same."""
    answer = server.chat(model=f"demo-broken-{name}", messages=QUESTION, stream=stream)
    if stream:
        message = fold(answer)
        assert message.finish_reasons == ["stop"]
        assert message.content
        assert answer.body.endswith(b"data: [DONE]\n\n")
    else:
        (choice,) = completion(answer)["choices"]
        assert choice["finish_reason"] == "stop"
        assert choice["message"]["content"]


def test_an_answer_without_words(server: Server, root: Server) -> None:
    """Models may say nothing; that is an empty string and `stop`, not an error."""
    (choice,) = completion(server.chat(model="demo-broken-empty"))["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "stop")
    message = fold(server.stream(model="demo-broken-empty"))
    assert (message.role, message.content, message.finish_reasons) == ("assistant", "", ["stop"])


def test_thinking_that_never_ends(server: Server, root: Server) -> None:
    """A model may think until its tokens are used up: `length`, so that a client can tell."""
    (choice,) = completion(server.chat(model="demo-broken-thinking-only"))["choices"]
    assert choice["finish_reason"] == "length"
    assert choice["message"]["reasoning"]


CALLS = ["index", "no-id", "same-id", "string", "with-thinking", "with-text"]


@pytest.mark.parametrize("name", CALLS)
def test_odd_calls_are_put_right(server: Server, root: Server, name: str) -> None:
    """openai-python needs an index of its own for each call, every second turn an id of its own."""
    fields: dict[str, Any] = {
        "model": f"demo-broken-calls-{name}",
        "messages": ask("What is the weather in Paris, and in Rome? Two calls, please."),
        "tools": [TOOL],
    }
    calls = fold(server.stream(**fields)).calls
    assert calls
    assert len({call.id for call in calls}) == len(calls)
    assert all(call.id and call.name == "get_weather" for call in calls)
    assert all(isinstance(json.loads(call.arguments), dict) for call in calls)
    (choice,) = completion(server.chat(**fields))["choices"]
    assert choice["finish_reason"] == "tool_calls"
    whole = choice["message"]["tool_calls"]
    assert len({call["id"] for call in whole}) == len(whole) == len(calls)


def test_calls_whose_arguments_are_no_json(server: Server, root: Server) -> None:
    """Ollama reports them as an error line; nothing is invented in their place."""
    fields = {"model": "demo-broken-calls-bad", "messages": ask("Call it."), "tools": [TOOL]}
    answer = server.chat(**fields)
    assert (answer.status, error_of(answer)["code"]) == (502, "upstream_error")
    assert server.stream(**fields).status == 502


def test_sdk(server: Server, root: Server) -> None:
    """openai-python: what came before the failure arrives, then APIError with message and code."""
    client = OpenAI(base_url=server.base_url, api_key="unused", max_retries=0)
    messages: Any = QUESTION
    stream = client.chat.completions.create(
        model="demo-broken-engine-dies", messages=messages, stream=True
    )
    pieces: list[str] = []
    with pytest.raises(openai.APIError) as caught:
        pieces.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    assert "".join(pieces)
    assert caught.value.code == "upstream_error"
    assert caught.value.message


def test_the_next_request_is_not_the_worse_for_it(server: Server, root: Server) -> None:
    """httpcore 550 and 1099: failures and cancellations must not use up the pool."""
    for _ in range(5):
        for name in [*AT_ONCE, *MIDWAY]:
            server.stream(model=f"demo-broken-{name}", messages=QUESTION)
    assert {server.chat(max_tokens=2).status for _ in range(20)} == {200}
