"""Answers as bytes, exactly."""

from typing import Any

import msgspec
import pytest

from gateway.core.errors import BackendFailed, Unsupported
from gateway.core.events import (
    Batch,
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
from gateway.dialects.openai.chat.writing import ChunkWriter, write

CALL = ToolCall("call_a", "f", {"city": "Zürich"})
HEAD = (
    '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"demo",'
    '"service_tier":"default","system_fingerprint":null,"choices":['
)


def stream(*batches: Batch, include_usage: bool = False) -> bytes:
    writer = ChunkWriter(id="chatcmpl-1", model="demo", created=7, include_usage=include_usage)
    return b"".join(map(writer.frames, batches)) + writer.end()


def chunk(delta: str, finish: str = "null", usage: str = "") -> str:
    choice = f'{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}'
    return f"data: {HEAD}{choice}]{usage}}}\n\n"


ROLE = chunk('{"role":"assistant","content":"","refusal":null}')
DONE = "data: [DONE]\n\n"


def test_a_text_stream_to_the_letter() -> None:
    said = stream([TextDelta("Hé")], [TextDelta('"\n'), Finished("stop")])
    assert said.decode() == (
        ROLE
        + chunk('{"content":"Hé"}')
        + chunk('{"content":"\\"\\n"}')
        + chunk("{}", '"stop"')
        + DONE
    )


def test_usage_is_a_chunk_without_choices_and_null_in_all_others() -> None:
    frames = stream([TextDelta("x"), Finished("length", Usage(3, 2))], include_usage=True)
    *chunks, last, done, end = frames.decode().split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    assert all(frame.endswith('"usage":null}') for frame in chunks)
    assert '"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5' in last


def test_thinking_goes_by_both_of_its_names() -> None:
    frames = stream([ThinkingDelta("Hm"), TextDelta("x"), Finished("stop")])
    assert chunk('{"reasoning_content":"Hm","reasoning":"Hm"}').encode() in frames


def test_each_tool_call_is_one_fragment_with_its_own_index() -> None:
    frames = stream(
        [ToolCalled(CALL), ToolCalled(ToolCall("call_b", "g", {})), Finished("tool_calls")]
    )
    first = (
        '{"tool_calls":[{"id":"call_a","type":"function",'
        '"function":{"name":"f","arguments":"{\\"city\\":\\"Zürich\\"}"},"index":0}]}'
    )
    second = (
        '{"tool_calls":[{"id":"call_b","type":"function",'
        '"function":{"name":"g","arguments":"{}"},"index":1}]}'
    )
    role = chunk('{"role":"assistant","content":null,"refusal":null}')
    assert frames.decode() == (
        role + chunk(first) + chunk(second) + chunk("{}", '"tool_calls"') + DONE
    )


def test_a_failure_is_an_error_object() -> None:
    writer = ChunkWriter(id="x", model="demo", created=7, include_usage=False)
    assert writer.failure(BackendFailed("Broke.")) == (
        b'data: {"error":{"message":"Broke.","type":"server_error","param":null,'
        b'"code":"upstream_error"}}\n\n'
    )


def written(message: AssistantMessage) -> dict[str, Any]:
    reply = Reply(message=message, reason="stop", usage=Usage(3, 2), timings=Timings())
    answer = msgspec.json.decode(write(reply, id="chatcmpl-1", model="demo:latest", created=7))
    return dict(answer)


def test_a_whole_answer() -> None:
    assert written(AssistantMessage(text("Hi"))) == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 7,
        "model": "demo:latest",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "Hi",
                    "refusal": None,
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 3,
            "completion_tokens": 2,
            "total_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
        "service_tier": "default",
        "system_fingerprint": None,
    }


def test_content_is_null_beside_tool_calls_and_empty_without() -> None:
    called = written(AssistantMessage((), "Hm", (CALL,)))["choices"][0]["message"]
    assert called["content"] is None
    assert called["reasoning"] == called["reasoning_content"] == "Hm"
    assert called["tool_calls"] == [
        {
            "id": "call_a",
            "type": "function",
            "function": {"name": "f", "arguments": '{"city":"Zürich"}'},
        }
    ]
    assert written(AssistantMessage())["choices"][0]["message"]["content"] == ""


LIKELY = (TokenLogprob("Hi", -0.5, (72, 105), (TokenLogprob("Ho", -1.5, (72, 111)),)),)
ENTRY = (
    '{"token":"Hi","logprob":-0.5,"bytes":[72,105],'
    '"top_logprobs":[{"token":"Ho","logprob":-1.5,"bytes":[72,111]}]}'
)


def test_logprobs_stand_beside_the_text_they_are_of() -> None:
    writer = ChunkWriter(
        id="chatcmpl-1", model="demo", created=7, include_usage=False, logprobs=True
    )
    frames = writer.frames([TextDelta("Hi", LIKELY), Finished("stop")]).decode()
    said = chunk('{"content":"Hi"}').replace(
        '"logprobs":null', f'"logprobs":{{"content":[{ENTRY}],"refusal":null}}'
    )
    assert frames == ROLE + said + chunk("{}", '"stop"')


def test_an_answer_without_the_logprobs_that_were_asked_for_is_refused() -> None:
    message = AssistantMessage(text("Hi"))
    reply = Reply(message=message, reason="stop", usage=Usage(), timings=Timings())
    with pytest.raises(Unsupported):
        write(reply, id="x", model="m", created=1, logprobs=True)
    given = msgspec.structs.replace(reply, logprobs=LIKELY)
    answer = msgspec.json.decode(write(given, id="x", model="m", created=1, logprobs=True))
    assert answer["choices"][0]["logprobs"]["content"] == [msgspec.json.decode(ENTRY)]
