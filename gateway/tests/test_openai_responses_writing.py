"""Answers as response objects."""

from typing import Any

import msgspec
import pytest

from gateway.core.errors import Unsupported
from gateway.core.events import (
    ChatEvent,
    Finished,
    TextDelta,
    ThinkingDelta,
    Timings,
    TokenLogprob,
    ToolCalled,
    Usage,
)
from gateway.core.messages import AssistantMessage, ToolCall, text
from gateway.core.replies import Reply
from gateway.dialects.openai.responses import opaque, wire
from gateway.dialects.openai.responses.writing import events_of, write
from gateway.tests.responses import ENCRYPTED, LOGPROBS, answer, counted
from gateway.tests.sdk_types import judge_response

CALL = ToolCall("call_a", "f", {"city": "Zürich"})
STOP = Finished("stop", Usage(3, 2, 1, 1))
TOKEN = TokenLogprob("x", -0.5, None, (TokenLogprob("x", -0.5), TokenLogprob("y", -1.0, (121,))))


def written(*events: ChatEvent, **fields: Any) -> dict[str, Any]:
    response = write(events, answer(**fields), completed=9, ids=counted())
    encoded = msgspec.json.encode(response)
    assert msgspec.json.decode(encoded, type=wire.Response) == response
    document: dict[str, Any] = msgspec.json.decode(encoded)
    judge_response(document)
    return document


def message(said: str, id: str = "msg_1", status: str = "completed") -> dict[str, Any]:
    part = {"type": "output_text", "text": said, "annotations": [], "logprobs": []}
    return {"type": "message", "id": id, "role": "assistant", "status": status, "content": [part]}


def test_an_answer_to_the_letter() -> None:
    assert written(TextDelta("H"), TextDelta("i"), STOP) == {
        "id": "resp_1",
        "object": "response",
        "created_at": 7,
        "completed_at": 9,
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": "demo",
        "output": [message("Hi")],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "conversation": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "top_p": 1.0,
        "top_logprobs": 0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "truncation": "disabled",
        "metadata": {},
        "user": None,
        "safety_identifier": None,
        "prompt_cache_key": None,
        "usage": {
            "input_tokens": 3,
            "input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 0},
            "output_tokens": 2,
            "output_tokens_details": {"reasoning_tokens": 1},
            "total_tokens": 5,
        },
    }


def test_what_was_asked_for_is_told_back() -> None:
    schema = {"type": "json_schema", "name": "x", "schema": {"type": "object"}, "strict": True}
    asked: dict[str, Any] = {
        "instructions": "Be.",
        "max_output_tokens": 16,
        "parallel_tool_calls": False,
        "previous_response_id": "resp_0",
        "store": False,
        "temperature": 0.0,
        "top_p": 0.5,
        "top_logprobs": 2,
        "tool_choice": {"type": "function", "name": "f"},
        "truncation": "auto",
        "metadata": {"a": "b"},
        "prompt_cache_key": "k",
    }
    told = written(
        TextDelta("{}"),
        STOP,
        **asked,
        conversation="conv_1",
        reasoning={"effort": "low", "generate_summary": "auto"},
        text={"format": schema},
        tools=[{"type": "function", "name": "f"}, {"type": "web_search"}],
    )
    assert {name: told[name] for name in asked} == asked
    assert told["conversation"] == {"id": "conv_1"}
    assert told["reasoning"] == {"effort": "low", "summary": "auto"}
    assert told["text"]["format"] == schema | {"description": None}
    assert told["tools"] == [
        {
            "type": "function",
            "name": "f",
            "description": None,
            "parameters": {"type": "object", "properties": {}},
            "strict": False,
        }
    ]


def test_items_stand_in_the_order_of_what_was_said() -> None:
    output = written(
        ThinkingDelta("Hm"),
        TextDelta(""),
        ThinkingDelta("m"),
        TextDelta("Hi"),
        ToolCalled(CALL),
        ToolCalled(ToolCall("call_b", "g", {})),
        STOP,
    )["output"]
    assert output == [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "Hmm"}],
            "status": "completed",
        },
        message("Hi", "msg_2"),
        {
            "type": "function_call",
            "id": "fc_3",
            "call_id": "call_a",
            "name": "f",
            "arguments": '{"city":"Zürich"}',
            "status": "completed",
        },
        {
            "type": "function_call",
            "id": "fc_4",
            "call_id": "call_b",
            "name": "g",
            "arguments": "{}",
            "status": "completed",
        },
    ]


def test_a_summary_is_what_was_thought() -> None:
    thought = written(
        ThinkingDelta("Hm"),
        TextDelta("x"),
        STOP,
        reasoning={"summary": "auto"},
        include=[ENCRYPTED],
    )["output"][0]
    assert thought["summary"] == [{"type": "summary_text", "text": "Hm"}]
    assert "content" not in thought
    assert opaque.opened(thought["encrypted_content"]) == "Hm"


def test_logprobs() -> None:
    said = TextDelta("x", (TOKEN,))
    part = written(said, STOP, include=[LOGPROBS])["output"][0]["content"][0]
    assert part["logprobs"] == [
        {
            "token": "x",
            "logprob": -0.5,
            "bytes": [120],
            "top_logprobs": [
                {"token": "x", "logprob": -0.5, "bytes": [120]},
                {"token": "y", "logprob": -1.0, "bytes": [121]},
            ],
        }
    ]
    assert written(said, STOP)["output"][0]["content"][0]["logprobs"] == []
    with pytest.raises(Unsupported):
        written(TextDelta("x"), STOP, include=[LOGPROBS])


def test_an_answer_that_was_cut() -> None:
    told = written(TextDelta("Hi"), Finished("length"))
    assert (told["status"], told["completed_at"]) == ("incomplete", None)
    assert told["incomplete_details"] == {"reason": "max_output_tokens"}
    assert told["output"] == [message("Hi", status="incomplete")]


def test_there_is_always_a_message_or_a_call() -> None:
    assert written(STOP)["output"] == [message("")]
    assert written(ThinkingDelta("Hm"), STOP)["output"][1:] == [message("", "msg_2")]
    (thought,) = written(ThinkingDelta("Hm"), Finished("length"))["output"]
    assert (thought["type"], thought["status"]) == ("reasoning", "incomplete")
    assert written(Finished("length"))["output"] == [message("", status="incomplete")]


def test_a_reply_is_events() -> None:
    reply = Reply(
        message=AssistantMessage(text("Hi"), "Hm", (CALL,)),
        reason="tool_calls",
        usage=Usage(3, 2),
        timings=Timings(),
    )
    assert events_of(reply) == [
        ThinkingDelta("Hm"),
        TextDelta("Hi"),
        ToolCalled(CALL),
        Finished("tool_calls", Usage(3, 2)),
    ]
