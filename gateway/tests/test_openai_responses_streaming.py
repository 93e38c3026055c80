"""Streams of responses: exactly these events, in this order, whatever the batches."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance_tests.response_events import events_of, violations
from gateway.core.errors import BackendFailed, BackendRateLimited, ContextOverflow, Unsupported
from gateway.core.events import (
    Batch,
    ChatEvent,
    Finished,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    ToolCalled,
    Usage,
)
from gateway.core.messages import ToolCall
from gateway.dialects.openai.responses.streaming import MOST
from gateway.dialects.openai.responses.writing import write
from gateway.tests.response_streams import answers, judged, stream, writer
from gateway.tests.responses import ENCRYPTED, LOGPROBS, answer, counted

CALL = ToolCall("call_a", "f", {"city": "Zürich"})
STOP = Finished("stop", Usage(3, 2))
FULL: list[Batch] = [
    [ThinkingDelta("H")],
    [ThinkingDelta("m"), TextDelta("Hé")],
    [TextDelta('"\n'), ToolCalled(CALL), STOP],
]


def names(frames: bytes) -> list[str]:
    return [event["type"].removeprefix("response.") for event in judged(frames)]


def test_a_text_to_the_letter() -> None:
    first, second, *rest = stream([TextDelta("Hé")], [TextDelta('"\n'), STOP]).split(b"\n\n")
    assert first.startswith(
        b'event: response.created\ndata: {"type":"response.created","response":{"id":"resp_1",'
    )
    assert first.endswith(b'"usage":null},"sequence_number":0}')
    assert second.startswith(b'event: response.in_progress\ndata: {"type":"response.in_progress",')
    *events, last, done, end = [frame.decode() for frame in rest]
    place = '"item_id":"msg_1","output_index":0,"content_index":0'
    part = '{"type":"output_text","text":"%s","annotations":[],"logprobs":[]}'
    item = '{"type":"message","id":"msg_1","role":"assistant","status":"%s","content":[%s]}'
    said = part % 'Hé\\"\\n'
    assert [frame.removeprefix("event: response.") for frame in events] == [
        f'output_item.added\ndata: {{"type":"response.output_item.added","output_index":0,"item":{item % ("in_progress", "")},"sequence_number":2}}',
        f'content_part.added\ndata: {{"type":"response.content_part.added",{place},"part":{part % ""},"sequence_number":3}}',
        f'output_text.delta\ndata: {{"type":"response.output_text.delta",{place},"delta":"Hé","logprobs":[],"sequence_number":4}}',
        f'output_text.delta\ndata: {{"type":"response.output_text.delta",{place},"delta":"\\"\\n","logprobs":[],"sequence_number":5}}',
        f'output_text.done\ndata: {{"type":"response.output_text.done",{place},"text":"Hé\\"\\n","logprobs":[],"sequence_number":6}}',
        f'content_part.done\ndata: {{"type":"response.content_part.done",{place},"part":{said},"sequence_number":7}}',
        f'output_item.done\ndata: {{"type":"response.output_item.done","output_index":0,"item":{item % ("completed", said)},"sequence_number":8}}',
    ]  # fmt: skip
    assert last.startswith('event: response.completed\ndata: {"type":"response.completed",')
    assert last.endswith('"total_tokens":5}},"sequence_number":9}')
    assert (done, end) == ("data: [DONE]", "")


def test_reasoning_text_and_a_call() -> None:
    assert names(stream(*FULL)) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "reasoning_text.delta",
        "reasoning_text.delta",
        "reasoning_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]


def test_a_summary_has_events_of_its_own() -> None:
    frames = stream(*FULL, reasoning={"summary": "auto"}, include=[ENCRYPTED])
    assert names(frames)[2:9] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]


def test_the_object_is_whole_before_the_last_event() -> None:
    one = writer()
    assert one.response.status == "in_progress"
    one.frames([TextDelta("x"), STOP])
    assert (one.response.status, len(one.response.output)) == ("completed", 1)


def test_a_response_that_waits_is_queued_first() -> None:
    one = writer(background=True)
    frames = one.queue()
    assert one.response.status == "queued"
    frames += one.begin() + one.frames([TextDelta("x"), STOP]) + one.end()
    assert names(frames)[:3] == ["created", "queued", "in_progress"]


def test_an_answer_that_was_cut_is_incomplete() -> None:
    frames = stream([TextDelta("x"), Finished("length")])
    assert names(frames)[-2:] == ["output_item.done", "incomplete"]


def test_a_failure_keeps_what_there_was() -> None:
    one = writer()
    frames = one.frames([TextDelta("x")]) + one.failure(BackendFailed("Gone."))
    last = judged(frames)[-1]["response"]
    assert last["error"] == {
        "code": "server_error",
        "message": "Gone.",
        "type": "server_error",
        "param": None,
    }
    assert last["output"][0]["status"] == "incomplete"
    assert one.response.status == "failed"


@pytest.mark.parametrize(
    ("error", "code", "param"),
    [
        (ContextOverflow("Too long."), "invalid_prompt", "input"),
        (BackendRateLimited("Slow."), "rate_limit_exceeded", None),
        (KeyError("secret"), "server_error", None),
    ],
)
def test_failures_are_told_in_the_words_of_the_api(
    error: Exception, code: str, param: str | None
) -> None:
    told = judged(writer().failure(error))[-1]["response"]["error"]
    assert (told["code"], told["param"]) == (code, param)
    assert "secret" not in told["message"]


def test_a_failure_after_the_end_of_the_output_still_fails() -> None:
    one = writer()
    frames = one.frames([TextDelta("x"), STOP]) + one.failure(BackendFailed("The disk is full."))
    assert names(frames)[-1] == "failed"


def test_a_stream_without_an_end_has_failed() -> None:
    assert names(stream([TextDelta("x")]))[-1] == "failed"


def test_a_cancelled_response_says_so() -> None:
    one = writer(background=True)
    frames = one.queue() + one.begin() + one.frames([TextDelta("x")]) + one.cancel()
    assert judged(frames)[-1]["response"]["status"] == "cancelled"


def test_logprobs_of_each_piece_and_of_all() -> None:
    token = TokenLogprob("x", -0.5, (120,), (TokenLogprob("x", -0.5),))
    frames = stream([TextDelta("x", (token,)), TextDelta("y"), STOP], include=[LOGPROBS])
    counts = [len(event["logprobs"]) for event in judged(frames) if "logprobs" in event]
    assert counts == [1, 0, 1]
    with pytest.raises(Unsupported):
        stream([TextDelta("x"), STOP], include=[LOGPROBS])


def test_a_batch_that_cannot_be_written_leaves_no_gap_in_the_numbers() -> None:
    one = writer(include=[LOGPROBS])
    frames = one.frames([ThinkingDelta("Hm")])
    with pytest.raises(Unsupported) as caught:
        one.frames([ThinkingDelta("m"), TextDelta("x"), STOP])
    judged(frames + one.failure(caught.value))


def test_numbers_beyond_those_that_are_ready() -> None:
    many = [TextDelta("x")] * (MOST + 5)
    frames = stream([*many, STOP])
    assert violations(events_of(frames)) == []


@settings(deadline=None)
@given(answers(), st.booleans())
def test_whatever_comes_the_stream_is_in_order_and_says_what_the_whole_says(
    batches: list[list[ChatEvent]], summary: bool
) -> None:
    fields: dict[str, Any] = {"reasoning": {"summary": "auto"}} if summary else {}
    last = judged(stream(*batches, **fields))[-1]["response"]
    events = [event for batch in batches for event in batch]
    whole = write(events, answer(**fields), completed=9, ids=counted())
    assert last == json.loads(msgspec.json.encode(whole))


@settings(deadline=None)
@given(answers(), st.booleans(), st.booleans())
def test_wherever_it_breaks_the_stream_is_in_order(
    batches: list[list[ChatEvent]], late: bool, by_the_caller: bool
) -> None:
    one = writer()
    frames = b"".join(map(one.frames, batches if late else batches[:-1]))
    frames += one.cancel() if by_the_caller else one.failure(BackendFailed("Gone."))
    judged(frames)
