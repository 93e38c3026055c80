"""Streams of responses, and their judges."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState

from conformance_tests.response_events import events_of, violations
from gateway.core.events import Batch, ChatEvent, Finished, TextDelta, ThinkingDelta, ToolCalled
from gateway.core.messages import ToolCall
from gateway.dialects.openai.responses.streaming import EventWriter
from gateway.tests.responses import answer, counted
from gateway.tests.sdk_types import judge_event

__all__ = ["answers", "judged", "stream", "writer"]


def writer(**fields: Any) -> EventWriter:
    return EventWriter(answer(**fields), ids=counted(), now=lambda: 9)


def stream(*batches: Batch, **fields: Any) -> bytes:
    one = writer(**fields)
    return b"".join(map(one.frames, batches)) + one.end()


def judged(frames: bytes) -> list[dict[str, Any]]:
    """The events, after the order, the SDK's types and the SDK's accumulator have seen them."""
    events = events_of(frames)
    assert violations(events) == []
    assert frames.endswith(b"\n\ndata: [DONE]\n\n")
    state: Any = ResponseStreamState(input_tools=omit, text_format=omit)
    for event in events:
        bare = {name: value for name, value in event.items() if name != "event"}
        state.handle_event(judge_event(bare))
    return events


calls = st.builds(
    ToolCall, st.uuids().map(str), st.text(min_size=1), st.dictionaries(st.text(), st.integers())
)
pieces = st.one_of(
    st.builds(TextDelta, st.text()),
    st.builds(ThinkingDelta, st.text()),
    st.builds(ToolCalled, calls),
)
ends = st.builds(Finished, st.sampled_from(["stop", "length", "tool_calls"]))


@st.composite
def answers(draw: Callable[[Any], Any]) -> list[list[ChatEvent]]:
    events: list[ChatEvent] = [*draw(st.lists(pieces, max_size=12)), draw(ends)]
    batches: list[list[ChatEvent]] = [[]]
    for event in events:
        if batches[-1] and draw(st.booleans()):
            batches.append([])
        batches[-1].append(event)
    return batches
