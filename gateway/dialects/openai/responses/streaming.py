"""The events of an answer as the events of a response's stream."""

from collections.abc import Callable

import msgspec

from gateway.core.clock import unix_now
from gateway.core.errors import BackendFailed
from gateway.core.events import Batch, Finished, TextDelta, ThinkingDelta, ToolCalled
from gateway.core.ids import new_id
from gateway.core.messages import ToolCall
from gateway.dialects.openai.responses import events, items
from gateway.dialects.openai.responses.answer import Answer
from gateway.dialects.openai.responses.failing import cancelled, failed
from gateway.dialects.openai.responses.growing import (
    Growing,
    GrowingMessage,
    GrowingReasoning,
    GrowingSummary,
    rendered,
)
from gateway.dialects.openai.responses.writing import (
    finished,
    needs_message,
    weighed,
    write_call,
)

__all__ = ["EventWriter"]

DONE = b"data: [DONE]\n\n"

PIECES = (TextDelta, ThinkingDelta)

MOST = 4096
# The ends of frames by their numbers: writing a number costs more than all the rest of a token.
ENDS = [b"%d}\n\n" % number for number in range(MOST)]

encode = msgspec.json.Encoder().encode


class EventWriter:
    """A stream of a response's events as server-sent events, numbered from 0.

    An item grows as long as events are of its kind; another kind begins the next item. Once the
    `Finished` was written, `response` is the whole object, so that whoever keeps it can do so
    before `end` tells the client.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        ids: Callable[[str], str] = new_id,
        now: Callable[[], int] = unix_now,
    ) -> None:
        self.response = answer.response
        self.sequence = 0
        """The number of the next event."""
        self._answer = answer
        self._logprobs = answer.logprobs
        self._probable = False
        self._ids = ids
        self._now = now
        self._begun = False
        self._output: list[items.OutputItem] = []
        self._growing: Growing | None = None
        self._grows: type[TextDelta | ThinkingDelta] | None = None
        self._said: list[str] = []
        self._head = self._tail = b""

    def queue(self) -> bytes:
        """The first events of a response that has to wait."""
        self.response = msgspec.structs.replace(self._answer.response, status="queued")
        created = self._frame(events.Created(self.response, 0))
        return created + self._frame(events.Queued(self.response, 0))

    def begin(self) -> bytes:
        """What stands before all items."""
        self._begun = True
        self.response = self._answer.response
        created = b"" if self.sequence else self._frame(events.Created(self.response, 0))
        return created + self._frame(events.InProgress(self.response, 0))

    def frames(self, batch: Batch) -> bytes:
        """The events of one batch, those of the beginning before the first of all.

        A piece of text is written here and not in a function of its own, which would cost a tenth.
        """
        if self._logprobs:
            # Before anything is numbered, which could not be sent any more.
            self._probable = weighed(batch, self._probable)
        frames = [] if self._begun else [self.begin()]
        for event in batch:
            if isinstance(event, PIECES):
                if self._logprobs and isinstance(event, TextDelta):
                    frames.append(self._weighed(event))
                elif text := event.text:
                    if type(event) is not self._grows:
                        frames.append(self._grow(type(event)))
                    self._said.append(text)
                    number = self.sequence
                    self.sequence = number + 1
                    end = ENDS[number] if number < MOST else b"%d}\n\n" % number
                    frames += (self._head, encode(text), self._tail, end)
            elif isinstance(event, ToolCalled):
                frames.append(self._call(event.call))
            else:
                frames.append(self._finish(event))
        return b"".join(frames)

    def end(self) -> bytes:
        """The last event; a stream without `Finished` has broken off."""
        match self.response.status:
            case "completed":
                return self._frame(events.Completed(self.response, 0)) + DONE
            case "incomplete":
                return self._frame(events.Incomplete(self.response, 0)) + DONE
        return self.failure(BackendFailed("The answer broke off before its end."))

    def failure(self, error: Exception) -> bytes:
        """The end of a stream that broke; what there was of the output is in `response`."""
        rest = self._broken_off()
        self.response = failed(self.response, self._output, error)
        return rest + self._frame(events.Failed(self.response, 0)) + DONE

    def cancel(self) -> bytes:
        """The end of a stream whose response was cancelled. There is no event of that name."""
        rest = self._broken_off()
        self.response = cancelled(self.response, self._output)
        return rest + self._frame(events.Incomplete(self.response, 0)) + DONE

    def _frame(self, event: events.Event) -> bytes:
        event.sequence_number = self.sequence
        self.sequence += 1
        return rendered(event)

    def _weighed(self, event: TextDelta) -> bytes:
        if not (event.text or event.logprobs):
            return b""
        frames = b"" if self._grows is TextDelta else self._grow(TextDelta)
        assert isinstance(self._growing, GrowingMessage)
        return frames + self._frame(self._growing.weighed(event.text, event.logprobs))

    def _grow(self, kind: type[TextDelta | ThinkingDelta]) -> bytes:
        """Begin the next item."""
        frames = self._close("completed")
        index = len(self._output)
        growing: Growing
        if kind is TextDelta:
            growing = GrowingMessage(self._ids("msg_"), index, self._answer)
        elif self._answer.summary:
            growing = GrowingSummary(self._ids("rs_"), index, self._answer)
        else:
            growing = GrowingReasoning(self._ids("rs_"), index, self._answer)
        self._growing, self._grows = growing, kind
        self._said, self._head, self._tail = growing.said, growing.head, growing.tail
        return frames + b"".join(map(self._frame, growing.opening()))

    def _close(self, status: items.ItemStatus) -> bytes:
        """End the item that grows, if there is one."""
        growing = self._growing
        if growing is None:
            return b""
        self._growing = self._grows = None
        item = growing.item(status)
        self._output.append(item)
        return b"".join(map(self._frame, growing.closing(item)))

    def _call(self, call: ToolCall) -> bytes:
        """A call is whole when it comes, so one delta has all of its arguments."""
        closed = self._close("completed")
        index = len(self._output)
        item = write_call(self._ids("fc_"), call)
        begun = msgspec.structs.replace(item, arguments="", status="in_progress")
        self._output.append(item)
        told: list[events.Event] = [
            events.OutputItemAdded(index, begun, 0),
            events.ArgumentsDelta(str(item.id), index, item.arguments, 0),
            events.ArgumentsDone(str(item.id), index, item.arguments, 0),
            events.OutputItemDone(index, item, 0),
        ]
        return closed + b"".join(map(self._frame, told))

    def _finish(self, end: Finished) -> bytes:
        """Close what is open; the last event waits for `end`."""
        status: items.ItemStatus = "incomplete" if end.reason == "length" else "completed"
        frames = self._close(status)
        if needs_message(self._output, end):
            frames += self._grow(TextDelta) + self._close(status)
        self.response = finished(self._answer, self._output, end, self._now())
        return frames

    def _broken_off(self) -> bytes:
        begun = b"" if self._begun else self.begin()
        return begun + self._close("incomplete")
