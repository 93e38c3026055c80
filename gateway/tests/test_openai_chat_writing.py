"""Answers as bytes, exactly."""

from typing import Any

import msgspec
import pytest
from msgspec import structs

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
from gateway.dialects.openai.chat.writing import (
    Answer,
    ChoicesWriter,
    ChunkWriter,
    write,
    write_usage,
)

CALL = ToolCall("call_a", "f", {"city": "Zürich"})
ANSWER = Answer(id="chatcmpl-1", model="demo", created=7)
HEAD = (
    '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"demo",'
    '"service_tier":"default","system_fingerprint":null,"choices":['
)


def stream(*batches: Batch, include_usage: bool = False) -> bytes:
    writer = ChunkWriter(ANSWER, include_usage=include_usage)
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


def test_several_choices_share_a_stream_and_one_usage() -> None:
    writers = [ChunkWriter(ANSWER, include_usage=True, index=index) for index in range(2)]
    both = ChoicesWriter(writers)
    frames = both.frames((0, [TextDelta("a"), Finished("stop", Usage(3, 2))]))
    assert b'"index":0' in frames
    assert b'"index":1' not in frames
    frames = both.frames((1, [TextDelta("b"), Finished("stop", Usage(3, 4))]))
    assert b'"index":1,"delta":{"role":"assistant"' in frames
    assert b'"prompt_tokens":3,"completion_tokens":6,"total_tokens":9' in both.end()
    assert both.end().count(b"usage") == 1


def test_a_call_in_its_old_form() -> None:
    old = structs.replace(ANSWER, functions=True)
    writer = ChunkWriter(old, include_usage=False)
    function = '{"name":"f","arguments":"{\\"city\\":\\"Zürich\\"}"}'
    assert chunk('{"function_call":' + function + "}").encode() in writer.frames([ToolCalled(CALL)])
    assert b'"finish_reason":"function_call"' in writer.frames([Finished("tool_calls")])
    message = AssistantMessage((), "", (CALL,))
    reply = Reply(message=message, reason="tool_calls", usage=Usage(), timings=Timings())
    choice = msgspec.json.decode(write([reply], old))["choices"][0]
    assert choice["finish_reason"] == "function_call"
    assert choice["message"]["function_call"]["name"] == "f"
    assert "tool_calls" not in choice["message"]


def test_a_failure_is_an_error_object() -> None:
    writer = ChunkWriter(ANSWER, include_usage=False)
    assert writer.failure(BackendFailed("Broke.")) == (
        b'data: {"error":{"message":"Broke.","type":"server_error","param":null,'
        b'"code":"upstream_error"}}\n\n'
    )


def written(message: AssistantMessage) -> dict[str, Any]:
    reply = Reply(message=message, reason="stop", usage=Usage(3, 2), timings=Timings())
    answer = msgspec.json.decode(write([reply], structs.replace(ANSWER, model="demo:latest")))
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
    writer = ChunkWriter(structs.replace(ANSWER, logprobs=True), include_usage=False)
    frames = writer.frames([TextDelta("Hi", LIKELY), Finished("stop")]).decode()
    said = chunk('{"content":"Hi"}').replace(
        '"logprobs":null', f'"logprobs":{{"content":[{ENTRY}],"refusal":null}}'
    )
    assert frames == ROLE + said + chunk("{}", '"stop"')


def test_an_answer_without_the_logprobs_that_were_asked_for_is_refused() -> None:
    message = AssistantMessage(text("Hi"))
    reply = Reply(message=message, reason="stop", usage=Usage(), timings=Timings())
    asked = structs.replace(ANSWER, logprobs=True)
    with pytest.raises(Unsupported):
        write([reply], asked)
    given = structs.replace(reply, logprobs=LIKELY)
    answer = msgspec.json.decode(write([given], asked))
    assert answer["choices"][0]["logprobs"]["content"] == [msgspec.json.decode(ENTRY)]


def test_a_later_piece_may_be_without_logprobs() -> None:
    """A token's entry stands where the token begins, and a piece may begin within one."""
    writer = ChunkWriter(structs.replace(ANSWER, logprobs=True), include_usage=False)
    writer.frames([TextDelta("Hi", LIKELY)])
    assert b'"logprobs":{"content":[],"refusal":null}' in writer.frames([TextDelta("<")])
    with pytest.raises(Unsupported):
        ChunkWriter(structs.replace(ANSWER, logprobs=True), include_usage=False).frames(
            [TextDelta("Hi")]
        )


@pytest.mark.parametrize("said", ["", "Hé", '"\\\n\u2028%b %d %', "length"])
@pytest.mark.parametrize("thought", ["", "Hm"])
@pytest.mark.parametrize("calls", [(), (CALL,)])
@pytest.mark.parametrize("functions", [False, True])
def test_one_choice_is_written_as_each_of_several(
    said: str, thought: str, calls: tuple[ToolCall, ...], functions: bool
) -> None:
    usage = Usage(3, 2**40, cached_tokens=1, reasoning_tokens=4)
    reply = Reply(
        message=AssistantMessage(text(said), thought, calls),
        reason="tool_calls" if calls else "length",
        usage=usage,
        timings=Timings(),
    )
    answer = structs.replace(ANSWER, functions=functions)
    alone = msgspec.json.decode(write([reply], answer))
    together = msgspec.json.decode(write([reply, reply], answer))
    assert list(alone) == list(together)
    assert alone["choices"] == together["choices"][:1]
    assert alone["usage"] == msgspec.to_builtins(write_usage(usage))
    assert {**together, "choices": 0, "usage": 0} == {**alone, "choices": 0, "usage": 0}
