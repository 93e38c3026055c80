"""The names and fields of events, as the contract lists them."""

import msgspec
import pytest

from extensions import events
from extensions.events import EVENTS, ContextUse, Event, frame

FIELDS = {
    "content_delta": "content role",
    "thinking_delta": "content",
    "tool_call": "tool_name arguments call_index",
    "tool_call_confirmation_required": "tool_name arguments call_index confirmation_id agent_name",
    "tool_result": "tool_name success result error_message call_index",
    "tool_continuation_start": "message",
    "agent_start": "agent_name instruction",
    "agent_planning": "content",
    "agent_execution": "content",
    "agent_tool_call": "agent_name tool_name arguments",
    "agent_tool_result": "agent_name tool_name success result",
    "agent_complete": "agent_name session_id output",
    "message_complete": "message_id model eval_count prompt_eval_count context_window",
    "error": "code message details",
    "done": "session_id",
}


def test_the_vocabulary() -> None:
    described = {kind.name: " ".join(kind.__struct_fields__) for kind in EVENTS}
    assert described == FIELDS


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (
            events.ContentDelta("a\nb\r\n\u2028é"),
            '{"content":"a\\nb\\r\\n\u2028é","role":"assistant"}',
        ),
        (
            events.ToolCallConfirmationRequired(
                tool_name="t", arguments={"a": 1}, call_index=0, confirmation_id="conf_1"
            ),
            '{"tool_name":"t","arguments":{"a":1},"call_index":0,"confirmation_id":"conf_1"}',
        ),
        (
            events.MessageComplete(
                message_id="1",
                model="m",
                eval_count=None,
                prompt_eval_count=3,
                context_window=ContextUse(current_window=None, usage_tokens=3, reason="r"),
            ),
            '{"message_id":"1","model":"m","eval_count":null,"prompt_eval_count":3,'
            '"context_window":{"current_window":null,"usage_tokens":3,"reason":"r"}}',
        ),
    ],
)
def test_a_frame_is_a_name_and_one_line_of_data(event: Event, data: str) -> None:
    written = frame(event)
    assert written.decode() == f"event: {event.name}\ndata: {data}\n\n"
    assert written.count(b"\n") == 3
    assert msgspec.json.decode(data, type=type(event)) == event
