"""Items of a stream while they grow: what is said at their beginning, at each piece, at their end.

A token costs one JSON string between two constants: the events of an item differ in the text and
in the number alone, so all the rest is rendered once for an item.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import msgspec

from gateway.core.events import TokenLogprob
from gateway.dialects.openai.responses import events, items, parts
from gateway.dialects.openai.responses.answer import Answer
from gateway.dialects.openai.responses.writing import (
    write_logprobs,
    write_message,
    write_reasoning,
)

__all__ = ["Growing", "GrowingMessage", "GrowingReasoning", "GrowingSummary", "rendered"]

encode = msgspec.json.Encoder().encode

HOLE = "delta"
NUMBER = 2**53


def rendered(event: events.Event) -> bytes:
    """A frame; its name is the event's type once more."""
    name = str(event.__struct_config__.tag).encode()
    return b"event: %b\ndata: %b\n\n" % (name, encode(event))


def template(event: events.Event) -> tuple[bytes, bytes]:
    """What stands before the text, and between it and the number, which is the last of all."""
    before, _, behind = rendered(event).rpartition(encode(HOLE))
    return before, behind.partition(b"%d" % NUMBER)[0]


class Growing(ABC):
    """An item at `index` of the output. Events leave their number, 0, to the writer."""

    def __init__(self, id: str, index: int, answer: Answer) -> None:
        self.id = id
        self.index = index
        self.answer = answer
        self.said: list[str] = []
        self.head, self.tail = template(self.piece(HOLE, NUMBER))

    @abstractmethod
    def piece(self, delta: str, number: int) -> events.Event:
        """The event of a piece of text."""

    @abstractmethod
    def opening(self) -> list[events.Event]:
        """The item and its part, both empty."""

    @abstractmethod
    def closing(self, item: items.Message | items.Reasoning) -> list[events.Event]:
        """The text, the part and the item, all whole."""

    @abstractmethod
    def item(self, status: items.ItemStatus) -> items.Message | items.Reasoning:
        """All that was said."""

    @property
    def text(self) -> str:
        return "".join(self.said)


class GrowingMessage(Growing):
    """A message of one part."""

    def __init__(self, id: str, index: int, answer: Answer) -> None:
        super().__init__(id, index, answer)
        self.logprobs: list[TokenLogprob] = []

    def piece(
        self, delta: str, number: int, entries: Sequence[TokenLogprob] = ()
    ) -> events.TextDelta:
        return events.TextDelta(self.id, self.index, 0, delta, write_logprobs(entries), number)

    def weighed(self, delta: str, entries: Sequence[TokenLogprob]) -> events.TextDelta:
        """A piece with its logprobs."""
        self.said.append(delta)
        self.logprobs += entries
        return self.piece(delta, 0, entries)

    def opening(self) -> list[events.Event]:
        item = items.Message(id=self.id, role="assistant", status="in_progress", content=[])
        return [
            events.OutputItemAdded(self.index, item, 0),
            events.ContentPartAdded(self.id, self.index, 0, parts.OutputText(text=""), 0),
        ]

    def closing(self, item: items.Message | items.Reasoning) -> list[events.Event]:
        logprobs = write_logprobs(self.logprobs)
        part = parts.OutputText(text=self.text, logprobs=logprobs)
        return [
            events.TextDone(self.id, self.index, 0, self.text, logprobs, 0),
            events.ContentPartDone(self.id, self.index, 0, part, 0),
            events.OutputItemDone(self.index, item, 0),
        ]

    def item(self, status: items.ItemStatus) -> items.Message:
        return write_message(self.id, self.text, self.logprobs, self.answer, status)


class GrowingReasoning(Growing):
    """Reasoning that is shown as it is."""

    def piece(self, delta: str, number: int) -> events.ReasoningDelta:
        return events.ReasoningDelta(self.id, self.index, 0, delta, number)

    def opening(self) -> list[events.Event]:
        item = items.Reasoning(id=self.id, summary=[], content=[], status="in_progress")
        return [
            events.OutputItemAdded(self.index, item, 0),
            events.ContentPartAdded(self.id, self.index, 0, parts.ReasoningText(""), 0),
        ]

    def closing(self, item: items.Message | items.Reasoning) -> list[events.Event]:
        return [
            events.ReasoningDone(self.id, self.index, 0, self.text, 0),
            events.ContentPartDone(self.id, self.index, 0, parts.ReasoningText(self.text), 0),
            events.OutputItemDone(self.index, item, 0),
        ]

    def item(self, status: items.ItemStatus) -> items.Reasoning:
        return write_reasoning(self.id, self.text, self.answer, status)


class GrowingSummary(Growing):
    """Reasoning that is shown as a summary of itself."""

    def piece(self, delta: str, number: int) -> events.SummaryDelta:
        return events.SummaryDelta(self.id, self.index, 0, delta, number)

    def opening(self) -> list[events.Event]:
        item = items.Reasoning(id=self.id, summary=[], status="in_progress")
        return [
            events.OutputItemAdded(self.index, item, 0),
            events.SummaryPartAdded(self.id, self.index, 0, parts.SummaryText(""), 0),
        ]

    def closing(self, item: items.Message | items.Reasoning) -> list[events.Event]:
        return [
            events.SummaryDone(self.id, self.index, 0, self.text, 0),
            events.SummaryPartDone(self.id, self.index, 0, parts.SummaryText(self.text), 0),
            events.OutputItemDone(self.index, item, 0),
        ]

    def item(self, status: items.ItemStatus) -> items.Reasoning:
        return write_reasoning(self.id, self.text, self.answer, status)
