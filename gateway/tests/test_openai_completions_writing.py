"""Completions as bytes, exactly."""

from typing import Any

import msgspec
import pytest

from gateway.core.errors import BackendFailed, Unsupported
from gateway.core.events import (
    Batch,
    Finished,
    FinishReason,
    TextDelta,
    Timings,
    TokenLogprob,
    Usage,
)
from gateway.core.messages import AssistantMessage, text
from gateway.core.replies import Reply
from gateway.core.requests import CompletionRequest
from gateway.dialects.openai.completions.reading import Choices
from gateway.dialects.openai.completions.writing import TextChunkWriter, write

HEAD = '{"id":"cmpl-1","object":"text_completion","created":7,"model":"demo","choices":['
DONE = "data: [DONE]\n\n"


def asked(
    *prompts: str, n: int = 1, tries: int = 0, echo: bool = False, logprobs: bool = False
) -> Choices:
    tries = tries or n
    requests = [CompletionRequest(model="demo", prompt=p) for p in prompts for _ in range(tries)]
    return Choices(requests=tuple(requests), n=n, tries=tries, echo=echo, logprobs=logprobs)


def stream(choices: Choices, *said: tuple[int, Batch], include_usage: bool = False) -> str:
    writer = TextChunkWriter(
        choices, id="cmpl-1", model="demo", created=7, include_usage=include_usage
    )
    return (b"".join(map(writer.frames, said)) + writer.end()).decode()


def chunk(text: str, index: int = 0, finish: str = "null", logprobs: str = "null") -> str:
    choice = f'{{"index":{index},"text":"{text}","logprobs":{logprobs},"finish_reason":{finish}}}'
    return f"data: {HEAD}{choice}]}}\n\n"


def test_a_stream_to_the_letter() -> None:
    said = stream(asked("Once"), (0, [TextDelta("Hé")]), (0, [TextDelta('"\n'), Finished("stop")]))
    assert said == chunk("Hé") + chunk('\\"\\n') + chunk("", finish='"stop"') + DONE


def test_choices_take_turns_under_their_indexes() -> None:
    said = stream(
        asked("a", "b"),
        (0, [TextDelta("x")]),
        (1, [TextDelta("y"), Finished("length")]),
        (0, [Finished("stop")]),
    )
    assert said == (
        chunk("x") + chunk("y", 1) + chunk("", 1, '"length"') + chunk("", 0, '"stop"') + DONE
    )


def test_an_echo_comes_once_before_all_else_of_its_choice() -> None:
    choices = asked("a", "", echo=True)
    said = stream(choices, (0, [TextDelta("x")]), (1, [TextDelta("y")]), (0, [Finished("stop")]))
    assert said == chunk("a") + chunk("x") + chunk("y", 1) + chunk("", 0, '"stop"') + DONE


def test_usage_comes_last_and_alone_and_is_null_in_all_others() -> None:
    said = stream(
        asked("a", "b", n=2),
        (0, [TextDelta("x"), Finished("stop", Usage(3, 1, 2))]),
        (1, [Finished("stop", Usage(3, 2))]),
        (2, [Finished("stop", Usage(5, 4))]),
        (3, [Finished("stop", Usage(5, 8))]),
        include_usage=True,
    )
    *chunks, last, done, end = said.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    assert all(frame.endswith('],"usage":null}') for frame in chunks)
    assert f'{HEAD}],"usage":{{"prompt_tokens":8,"completion_tokens":15,"total_tokens":23' in last
    assert '"cached_tokens":2' in last


def test_logprobs_stand_beside_their_text_and_count_from_the_echo() -> None:
    likely = TokenLogprob("x", -0.5, (120,))
    said = stream(
        asked("ab", echo=True, logprobs=True),
        (0, [TextDelta("x", (likely,)), TextDelta("x", (likely,)), Finished("stop")]),
    )

    def entry(at: int) -> str:
        return (
            '{"tokens":["x"],"token_logprobs":[-0.5],"top_logprobs":[{"x":-0.5}],'
            f'"text_offset":[{at}]}}'
        )

    echo = '{"tokens":["ab"],"token_logprobs":[null],"top_logprobs":[null],"text_offset":[0]}'
    assert said == (
        chunk("ab", logprobs=echo)
        + chunk("x", logprobs=entry(2))
        + chunk("x", logprobs=entry(3))
        + chunk("", finish='"stop"')
        + DONE
    )


def test_a_failure_is_an_error_object() -> None:
    writer = TextChunkWriter(asked("a"), id="x", model="demo", created=7, include_usage=False)
    assert writer.failure(BackendFailed("Broke.")).startswith(b'data: {"error":{"message":"Broke."')


def reply(
    said: str, *logprobs: float, reason: FinishReason = "stop", usage: Usage | None = None
) -> Reply:
    return Reply(
        message=AssistantMessage(text(said)),
        reason=reason,
        usage=usage or Usage(3, 2),
        timings=Timings(),
        logprobs=tuple([TokenLogprob("t", logprob) for logprob in logprobs]),
    )


def written(choices: Choices, *replies: Reply) -> dict[str, Any]:
    answer = msgspec.json.decode(write(replies, choices, id="cmpl-1", model="demo", created=7))
    return dict(answer)


def test_a_whole_answer() -> None:
    answer = written(asked("Once"), reply(" upon", reason="length"))
    usage = answer.pop("usage")
    assert answer == {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 7,
        "model": "demo",
        "choices": [{"text": " upon", "index": 0, "logprobs": None, "finish_reason": "length"}],
    }
    assert [usage[f"{name}_tokens"] for name in ("prompt", "completion", "total")] == [3, 2, 5]


def test_an_echo_stands_before_each_answer() -> None:
    choices = written(asked("a", "b", echo=True), reply("x"), reply("y"))["choices"]
    assert [(choice["index"], choice["text"]) for choice in choices] == [(0, "ax"), (1, "by")]


def test_the_likeliest_are_answered_and_all_are_counted() -> None:
    answer = written(
        asked("a", "b", n=2, tries=3),
        reply("bad", -5, -5),
        reply("best", -0.1, -0.2, -0.1, -0.2),
        reply("good", -0.5),
        reply("", usage=Usage(4, 0)),
        reply("B", -2, usage=Usage(4, 1)),
        reply("C", -1, usage=Usage(4, 1)),
    )
    texts = [(choice["index"], choice["text"]) for choice in answer["choices"]]
    assert texts == [(0, "best"), (1, "good"), (2, "C"), (3, "B")]
    assert answer["choices"][0]["logprobs"] is None
    assert answer["usage"]["prompt_tokens"] == 3 + 4
    assert answer["usage"]["completion_tokens"] == 2 * 3 + 2


def test_logprobs_that_were_asked_for_and_are_not_there_are_refused() -> None:
    with pytest.raises(Unsupported):
        written(asked("a", logprobs=True), reply("x"))
    with pytest.raises(Unsupported):
        written(asked("a", tries=2), reply("x"), reply("y"))
    given = written(asked("a", logprobs=True, echo=True), reply("tt", -1, -2))["choices"][0]
    assert given["logprobs"]["token_logprobs"] == [None, -1, -2]
    assert given["logprobs"]["text_offset"] == [0, 1, 2]
