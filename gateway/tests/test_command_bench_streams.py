"""What a right stream, or a right answer in one piece, has; and what any other is called."""

import json
from typing import Any

import pytest

from gateway.commands.benching.faults import Wrong
from gateway.commands.benching.plan import Endpoint, Load
from gateway.commands.benching.streams import StreamReader, stream_reader
from gateway.commands.benching.usage import Usage
from gateway.commands.benching.wholes import whole_reader

USAGE = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
DEEP = b"[" * 5_000 + b"]" * 5_000
"""Deeper than the decoder will go: it is no JSON for us."""
CREATED = {"type": "response.created", "sequence_number": 0}
HELLO = {"type": "response.output_text.delta", "delta": "Hello", "sequence_number": 1}
ENDED = {"type": "response.completed", "sequence_number": 2, "response": {"usage": USAGE}}


def ended(kind: str, status: str) -> dict[str, Any]:
    return ENDED | {"type": f"response.{kind}", "response": {"status": status, "usage": USAGE}}


def read(reader: StreamReader, *data: Any) -> list[bool]:
    brought = [
        reader.read((each if isinstance(each, str) else json.dumps(each)).encode()) for each in data
    ]
    reader.end()
    return brought


def of(endpoint: Endpoint) -> StreamReader:
    return stream_reader(Load(endpoint=endpoint))


def test_a_right_response_says_its_usage() -> None:
    reader = of("responses")
    assert read(reader, CREATED, HELLO, ENDED, "[DONE]") == [False, True, False, False]
    assert reader.usage == Usage(3, 5, 2)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ([HELLO], "no response.created"),
        ([CREATED, ENDED], "no content"),
        ([CREATED, HELLO], "no response.completed"),
        ([CREATED, HELLO, "[DONE]"], "no response.completed"),
        ([CREATED, HELLO, ended("completed", "incomplete")], "not the status of its event"),
        ([CREATED, HELLO, ended("completed", "banana")], "not the status of its event"),
        ([CREATED, "{]"], "not JSON"),
        ([CREATED, HELLO, ENDED, ENDED], "an event after the last"),
        ([CREATED, HELLO, HELLO], "sequence numbers do not rise"),
        ([CREATED, {"type": "response.failed"}], "error in the stream"),
        ([{"type": "error", "message": "no"}], "error in the stream"),
        ([CREATED, {"delta": "x"}], "unexpected JSON"),
        ([CREATED, HELLO, {**ENDED, "response": {"usage": {}}}], "unexpected JSON"),
        (
            [CREATED, HELLO, {**ENDED, "response": {"usage": {**USAGE, "total_tokens": 6}}}],
            "usage does not fit",
        ),
    ],
)
def test_a_wrong_response_is_told_by_its_kind(data: list[Any], kind: str) -> None:
    with pytest.raises(Wrong) as caught:
        read(of("responses"), *data)
    assert caught.value.fault.kind == kind


@pytest.mark.parametrize(
    ("endpoint", "data"),
    [
        ("chat", b'{"choices": %b}' % DEEP),
        ("chat", b'{"choices": [{"delta": {"tool_calls": %b}}]}' % DEEP),
        ("responses", b'{"type": "response.created", "response": %b}' % DEEP),
        ("responses", b'{"type": "response.created", "delta": %b}' % DEEP),
    ],
)
def test_data_that_is_nested_too_deep_is_wrong(endpoint: Endpoint, data: bytes) -> None:
    with pytest.raises(Wrong) as caught:
        of(endpoint).read(data)
    assert caught.value.fault.kind in ("not JSON", "unexpected JSON")


@pytest.mark.parametrize(
    "delta",
    [
        {"content": "a"},
        {"reasoning_content": "a"},
        {"reasoning": "a"},
        {"refusal": "a"},
        {"tool_calls": [{"index": 0}]},
    ],
)
def test_whatever_a_model_puts_out_is_output(delta: dict[str, Any]) -> None:
    role = {"choices": [{"delta": {"role": "assistant", "content": None}}], "usage": None}
    stop = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    chunk = {"choices": [{"delta": delta}]}
    assert read(of("chat"), role, chunk, stop, "[DONE]") == [False, True, False, False]


def test_a_completion_has_no_role() -> None:
    text = {"choices": [{"text": "a", "finish_reason": "length"}]}
    assert read(of("completions"), text, "[DONE]") == [True, False]


def test_another_role_is_wrong() -> None:
    with pytest.raises(Wrong, match="not the role of the assistant"):
        read(of("chat"), {"choices": [{"delta": {"role": "user"}}]})


@pytest.mark.parametrize("status", ["completed", "incomplete"])
def test_a_response_ends_as_its_last_event_is_called(status: str) -> None:
    assert read(of("responses"), CREATED, HELLO, ended(status, status)) == [False, True, False]


@pytest.mark.parametrize(
    ("endpoint", "reason", "right"),
    [
        ("chat", "stop", True),
        ("chat", "length", True),
        ("chat", "content_filter", True),
        ("chat", "tool_calls", True),
        ("chat", "function_call", True),
        ("chat", "banana", False),
        ("completions", "stop", True),
        ("completions", "length", True),
        ("completions", "content_filter", True),
        ("completions", "tool_calls", False),
    ],
)
def test_an_answer_ends_for_a_reason_that_openai_knows(
    endpoint: Endpoint, reason: str, right: bool
) -> None:
    delta = {"role": "assistant", "content": "a"}
    chunk = {"choices": [{"delta": delta, "text": "a", "finish_reason": reason}]}
    body = {"choices": [{"message": delta, "text": "a", "finish_reason": reason}]}
    reader = whole_reader(Load(endpoint=endpoint, stream=False))
    if right:
        read(of(endpoint), chunk, "[DONE]")
        reader(json.dumps(body).encode())
        return
    with pytest.raises(Wrong, match="unknown finish reason"):
        read(of(endpoint), chunk, "[DONE]")
    with pytest.raises(Wrong, match="unknown finish reason"):
        reader(json.dumps(body).encode())


CHOICE: dict[str, Any] = {
    "message": {"role": "assistant", "content": "a"},
    "finish_reason": "stop",
}


@pytest.mark.parametrize(
    ("endpoint", "body", "kind"),
    [
        ("chat", {"choices": []}, "no choices"),
        ("chat", {"error": "x"}, "unexpected JSON"),
        ("chat", {"choices": [CHOICE | {"finish_reason": None}]}, "no finish reason"),
        ("chat", {"choices": [CHOICE | {"message": {"role": "assistant"}}]}, "no content"),
        (
            "chat",
            {"choices": [CHOICE | {"message": {"role": "user", "content": "a"}}]},
            "not the role of the assistant",
        ),
        (
            "chat",
            {"choices": [CHOICE], "usage": {"prompt_tokens": 1, "total_tokens": 1}},
            "usage does not fit",
        ),
        ("completions", {"choices": [{"text": ""}]}, "no content"),
        ("completions", {"choices": [{"text": "a"}]}, "no finish reason"),
        ("responses", {"status": "failed", "output": []}, "response failed"),
        ("responses", {"status": "banana", "output": []}, "unknown status"),
        ("responses", {"status": "completed", "output": []}, "no content"),
        ("embeddings", {"data": []}, "not one embedding"),
        ("embeddings", {"data": [{"index": 0, "embedding": []}]}, "no content"),
        ("embeddings", {"data": [{"index": 0, "embedding": [None]}]}, "unexpected JSON"),
        (
            "embeddings",
            {
                "data": [{"index": 0, "embedding": "AAAA"}],
                "usage": {"prompt_tokens": 1, "total_tokens": 2},
            },
            "usage does not fit",
        ),
    ],
)
def test_a_wrong_whole_answer_is_told_by_its_kind(
    endpoint: Endpoint, body: dict[str, Any], kind: str
) -> None:
    reader = whole_reader(Load(endpoint=endpoint, stream=False))
    with pytest.raises(Wrong) as caught:
        reader(json.dumps(body).encode())
    assert caught.value.fault.kind == kind
    assert caught.value.fault.example


@pytest.mark.parametrize("endpoint", ["chat", "completions", "responses", "embeddings"])
def test_a_whole_answer_that_is_nested_too_deep_is_wrong(endpoint: Endpoint) -> None:
    reader = whole_reader(Load(endpoint=endpoint, stream=False))
    for body in (DEEP, b'{"other": %b}' % DEEP):
        with pytest.raises(Wrong) as caught:
            reader(body)
        assert caught.value.fault.kind in ("not JSON", "unexpected JSON")
