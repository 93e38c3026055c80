"""The judge of streams must be able to condemn."""

from copy import deepcopy
from typing import Any

import pytest

from conformance_tests.response_events import events_of, violations
from gateway.core.events import Batch, Finished, TextDelta, ThinkingDelta, ToolCalled
from gateway.core.messages import ToolCall
from gateway.dialects.openai.responses.streaming import EventWriter
from gateway.tests.responses import answer, counted

Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def good() -> Events:
    writer = EventWriter(answer(), ids=counted())
    call = ToolCalled(ToolCall("call_a", "f", {"a": 1}))
    batch: Batch = [ThinkingDelta("Hm"), TextDelta("H"), TextDelta("i"), call, Finished("stop")]
    return events_of(writer.frames(batch) + writer.end())


def at(events: Events, name: str, nth: int = 0) -> int:
    return [i for i, event in enumerate(events) if event["type"] == f"response.{name}"][nth]


def numbered(events: Events) -> Events:
    """The events with the gaps in their numbers closed."""
    return [event | {"sequence_number": number} for number, event in enumerate(events)]


NAMES = [
    "created", "in_progress", "output_item.added", "content_part.added", "reasoning_text.delta",
    "reasoning_text.done", "content_part.done", "output_item.done", "output_text.delta",
    "output_text.done", "function_call_arguments.delta", "function_call_arguments.done", "completed",
]  # fmt: skip


def test_a_good_stream_is_beyond_reproach(good: Events) -> None:
    assert violations(good) == []
    assert violations(good[5:], starting_after=4) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_event_can_be_missing(good: Events, name: str) -> None:
    where = at(good, name)
    assert violations(numbered([*good[:where], *good[where + 1 :]]))


@pytest.mark.parametrize("name", NAMES)
def test_no_event_can_come_twice(good: Events, name: str) -> None:
    where = at(good, name)
    assert violations(numbered([*good[: where + 1], *good[where:]]))


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("output_text.delta", "sequence_number", 99),
        ("output_text.delta", "event", "response.output_text.done"),
        ("output_text.delta", "delta", "x"),
        ("output_text.delta", "item_id", "msg_x"),
        ("output_text.delta", "output_index", 0),
        ("output_text.delta", "content_index", 1),
        ("output_text.delta", "logprobs", None),
        ("output_text.done", "text", "x"),
        ("content_part.added", "part.text", "x"),
        ("content_part.added", "part.type", "output_text"),
        ("content_part.done", "part.text", "x"),
        ("output_item.added", "output_index", 1),
        ("output_item.added", "item.status", "completed"),
        ("output_item.added", "item.id", ""),
        ("output_item.done", "item.id", "x"),
        ("output_item.done", "item.status", "in_progress"),
        ("output_item.done#1", "item.content.0.text", "x"),
        ("output_item.done#2", "item.arguments", "{}"),
        ("function_call_arguments.done", "arguments", "{}"),
        ("created", "response.status", "completed"),
        ("created", "response.output", [{}]),
        ("completed", "response.id", "resp_2"),
        ("completed", "response.status", "failed"),
        ("completed", "response.error", {}),
        ("completed", "response.incomplete_details", {}),
        ("completed", "response.usage", None),
        ("completed", "response.usage.total_tokens", 1),
        ("completed", "response.completed_at", None),
        ("completed", "response.output", []),
        ("output_text.delta", "type", "response.output_text.dleta"),
    ],
)
def test_no_event_can_say_anything_else(good: Events, name: str, field: str, value: Any) -> None:
    events = deepcopy(good)
    name, _, nth = name.partition("#")
    found: Any = events[at(events, name, int(nth or 0))]
    *path, last = field.split(".")
    for step in path:
        found = found[int(step) if step.isdigit() else step]
    found[last] = value
    assert violations(events)


def test_what_other_servers_may_say_is_not_wrong(good: Events) -> None:
    """Reasoning with a summary and with its text, of no status, and events of hosted tools."""
    begun = {"id": "rs_1", "type": "reasoning", "summary": [], "content": []}
    summary, text = {"type": "summary_text", "text": "S"}, {"type": "reasoning_text", "text": "T"}
    item = begun | {"summary": [summary], "content": [text]}
    told: Events = [{"type": "response.output_item.added", "output_index": 0, "item": begun}]
    for stem, kind, index, part in (
        ("reasoning_summary_part", "reasoning_summary_text", "summary_index", summary),
        ("content_part", "reasoning_text", "content_index", text),
    ):
        place = {"item_id": "rs_1", "output_index": 0, index: 0}
        empty = part | {"text": ""}
        told += [
            {"type": f"response.{stem}.added", "part": empty, **place},
            {"type": f"response.{kind}.delta", "delta": part["text"], **place},
            {"type": f"response.{kind}.done", "text": part["text"], **place},
            {"type": f"response.{stem}.done", "part": part, **place},
        ]
    told.append({"type": "response.output_item.done", "output_index": 0, "item": item})
    hosted = {"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws_1"}
    begin, end = good[:2], deepcopy(good[-1])
    end["response"]["output"] = [item]
    assert violations(numbered([*begin, *told, hosted, end])) == []
