"""Streams that are told again: the rest of one that broke off, all of one that is over."""

from collections.abc import Iterator, Sequence

from msgspec import UNSET
from msgspec.structs import replace

from gateway.dialects.openai.responses import events, items, parts, wire
from gateway.dialects.openai.responses.growing import rendered

__all__ = ["after", "replayed"]

NUMBER = b'"sequence_number":'


def after(frames: bytes, number: int) -> bytes:
    """The frames behind the event of this number: what a client lacks that resumes a stream.

    `frames` are whole frames of one stream, of which the last may be `[DONE]`.
    """
    start = 0
    while start < len(frames):
        stop = frames.index(b"\n\n", start) + 2
        at = frames.rfind(NUMBER, start, stop)
        if at < 0 or int(frames[at + len(NUMBER) : stop].rstrip(b"}\n")) > number:
            return frames[start:]
        start = stop
    return b""


def replayed(response: wire.Response, starting_after: int = -1) -> bytes:
    """The stream of a response that is over, each text of it in one piece, behind this number.

    The numbers are not those of the first time, which nobody has kept. So whoever has seen more
    than there is now gets the last event, under the number that comes next for them.
    """
    ended = ending(response)
    told: list[events.Event] = [*beginning(response)]
    for index, item in enumerate(response.output):
        told += retold(item, index)
    told.append(ended)
    for number, event in enumerate(told):
        event.sequence_number = number
    ended.sequence_number = max(ended.sequence_number, starting_after + 1)
    rest = [event for event in told if event.sequence_number > starting_after]
    return b"".join(map(rendered, rest)) + b"data: [DONE]\n\n"


def beginning(response: wire.Response) -> Iterator[events.Event]:
    begun = replace(
        response,
        status="in_progress",
        completed_at=None,
        error=None,
        incomplete_details=None,
        output=[],
        usage=None,
    )
    yield events.Created(begun, 0)
    yield events.InProgress(begun, 0)


def ending(response: wire.Response) -> events.Event:
    match response.status:
        case "completed":
            return events.Completed(response, 0)
        case "failed":
            return events.Failed(response, 0)
    return events.Incomplete(response, 0)


def retold(item: items.OutputItem, index: int) -> Iterator[events.Event]:
    """All events of an item."""
    id = str(item.id)
    match item:
        case items.Message():
            yield events.OutputItemAdded(index, replace(item, status="in_progress", content=[]), 0)
            yield from retold_texts(item.content, id, index)
        case items.Reasoning():
            begun = replace(item, status="in_progress", summary=[], content=UNSET)
            yield events.OutputItemAdded(index, begun, 0)
            yield from retold_summary(item.summary, id, index)
            yield from retold_texts(item.content or (), id, index)
        case items.FunctionCall(arguments=arguments):
            called = replace(item, status="in_progress", arguments="")
            yield events.OutputItemAdded(index, called, 0)
            yield events.ArgumentsDelta(id, index, arguments, 0)
            yield events.ArgumentsDone(id, index, arguments, 0)
        case items.Compaction():
            yield events.OutputItemAdded(index, item, 0)
    yield events.OutputItemDone(index, item, 0)


def retold_texts(
    content: str | Sequence[parts.Part | parts.ReasoningText], id: str, index: int
) -> Iterator[events.Event]:
    for at, part in enumerate(content):
        match part:
            case parts.OutputText(text=said):
                logprobs = part.logprobs or []
                yield events.ContentPartAdded(id, index, at, parts.OutputText(text=""), 0)
                yield events.TextDelta(id, index, at, said, logprobs, 0)
                yield events.TextDone(id, index, at, said, logprobs, 0)
                yield events.ContentPartDone(id, index, at, part, 0)
            case parts.ReasoningText(said):
                yield events.ContentPartAdded(id, index, at, parts.ReasoningText(""), 0)
                yield events.ReasoningDelta(id, index, at, said, 0)
                yield events.ReasoningDone(id, index, at, said, 0)
                yield events.ContentPartDone(id, index, at, part, 0)


def retold_summary(
    summary: Sequence[parts.SummaryText], id: str, index: int
) -> Iterator[events.Event]:
    for at, part in enumerate(summary):
        yield events.SummaryPartAdded(id, index, at, parts.SummaryText(""), 0)
        yield events.SummaryDelta(id, index, at, part.text, 0)
        yield events.SummaryDone(id, index, at, part.text, 0)
        yield events.SummaryPartDone(id, index, at, part, 0)
