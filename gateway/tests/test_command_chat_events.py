"""Events from bytes, however these arrive."""

import msgspec
import pytest

from gateway.commands.chatting.events import (
    EVENTS,
    AgentComplete,
    ConfirmationRequired,
    ContentDelta,
    Done,
    MessageComplete,
    StreamError,
    ToolResult,
    read_event,
    read_frames,
)

STREAM = (
    b'event: content_delta\ndata: {"content":"a\xe2\x80\xa8b","role":"assistant"}\n\n'
    b": ping\n\n"
    b'event: done\r\ndata: {"session_id":"0f1e2d3c4b"}\r\n\r\n'
    b"event: torn\ndata: {"
)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_frames_do_not_depend_on_how_their_bytes_arrive(size: int) -> None:
    blocks = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert list(read_frames(blocks)) == [
        ("content_delta", b'{"content":"a\xe2\x80\xa8b","role":"assistant"}'),
        ("done", b'{"session_id":"0f1e2d3c4b"}'),
    ]


@pytest.mark.parametrize(
    ("name", "data", "event"),
    [
        ("content_delta", b'{"content":"Hi","role":"assistant"}', ContentDelta("Hi")),
        (
            "tool_call_confirmation_required",
            b'{"tool_name":"rm","arguments":{"a":1},"call_index":0,"confirmation_id":"conf_1"}',
            ConfirmationRequired("rm", {"a": 1}, "conf_1"),
        ),
        (
            "tool_result",
            b'{"tool_name":"rm","success":true,"result":"ok","error_message":null,"call_index":0}',
            ToolResult("rm", True, "ok"),
        ),
        (
            "agent_complete",
            b'{"agent_name":"scribe","session_id":"77aa88bb99","output":"x"}',
            AgentComplete("scribe", "77aa88bb99"),
        ),
        (
            "message_complete",
            b'{"message_id":"9a8b7c6d5e","model":"m","eval_count":4,"prompt_eval_count":1,"context_window":{}}',
            MessageComplete("9a8b7c6d5e"),
        ),
        (
            "error",
            b'{"code":"OLLAMA_ERROR","message":"no","details":{}}',
            StreamError("OLLAMA_ERROR", "no"),
        ),
        ("done", b'{"session_id":"0f1e2d3c4b"}', Done("0f1e2d3c4b")),
    ],
)
def test_an_event_is_read(name: str, data: bytes, event: object) -> None:
    assert read_event(name, data) == event


def test_what_a_later_server_sends_is_passed_over() -> None:
    assert read_event("weather_changed", b"{}") is None


@pytest.mark.parametrize("name", EVENTS)
def test_nonsense_is_an_error(name: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        read_event(name, b'{"content": 1}')
