"""Streams that are told again."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance_tests.response_events import events_of, violations
from gateway.core.errors import BackendFailed
from gateway.core.events import (
    Batch,
    ChatEvent,
    Finished,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    ToolCalled,
)
from gateway.core.messages import ToolCall
from gateway.dialects.openai.responses.items import Compaction
from gateway.dialects.openai.responses.replaying import after, replayed
from gateway.tests.response_streams import answers, judged, stream, writer
from gateway.tests.responses import LOGPROBS

CALL = ToolCall("call_a", "f", {"city": "Zürich"})
FULL: list[Batch] = [[ThinkingDelta("Hm")], [TextDelta("x"), ToolCalled(CALL), Finished("stop")]]


def test_a_stream_is_taken_up_after_any_event() -> None:
    frames = stream(*FULL)
    events = events_of(frames)
    for number in range(-1, len(events)):
        rest = after(frames, number)
        assert events_of(rest) == events[number + 1 :]
        assert rest.endswith(b"data: [DONE]\n\n")
        if number < len(events) - 1:
            assert violations(events_of(rest), starting_after=number) == []


@settings(deadline=None)
@given(answers(), st.booleans())
def test_what_is_kept_is_told_as_it_was(batches: list[list[ChatEvent]], summary: bool) -> None:
    fields: dict[str, Any] = {"reasoning": {"summary": "auto"}} if summary else {}
    one = writer(**fields)
    first = judged(b"".join(map(one.frames, batches)) + one.end())
    again = judged(replayed(one.response))
    assert again[-1]["response"] == first[-1]["response"]


def test_failed_and_cancelled_responses_are_told_too() -> None:
    one = writer()
    one.frames([TextDelta("x")])
    one.failure(BackendFailed("Gone."))
    assert judged(replayed(one.response))[-1]["response"]["error"]["message"] == "Gone."
    one = writer()
    one.frames([TextDelta("x")])
    one.cancel()
    assert judged(replayed(one.response))[-1]["response"]["status"] == "cancelled"


def test_logprobs_are_told_again() -> None:
    one = writer(include=[LOGPROBS])
    one.frames([TextDelta("x", (TokenLogprob("x", -0.5),)), Finished("stop")])
    assert [
        len(event["logprobs"]) for event in judged(replayed(one.response)) if "logprobs" in event
    ] == [1, 1]


def test_a_compaction_is_an_item_without_texts() -> None:
    one = writer()
    one.frames([TextDelta("x"), Finished("stop")])
    one.response.output.append(Compaction(id="cmp_1", encrypted_content="x"))
    assert events_of(replayed(one.response))[-2]["item"]["type"] == "compaction"
