"""An answer's events, mended while they pass."""

from adapters.repair import loose
from adapters.repair.calls import Calls
from adapters.repair.passages import Passages
from adapters.repair.scanning import Piece, Reading
from gateway.core.events import (
    Batch,
    ChatEvent,
    Finished,
    TextDelta,
    ThinkingDelta,
    ToolCalled,
)
from gateway.core.notes import Notes
from gateway.core.requests import ToolDefinition

__all__ = ["Mender"]


class Mender:
    """Finds the calls and the thoughts that a model wrote as text, in one answer.

    Without `tools` nothing becomes a call, only thinking is split off. `opened` says that the
    prompt's template opened the model's thinking, so that the text begins inside it; nothing else
    makes a closing tag without an opening one count, because text already given out cannot be
    taken back. `prefers` is the family that the model is known for, `""` if nobody knows: with
    `harmony` a bare `analysis` begins its thoughts however the text goes on.

    What becomes no call passes byte for byte. Beside the markup only white space goes: between
    calls, between a call and either end of the answer, and the line ends inside an opening and
    behind a closing tag of thoughts.
    """

    def __init__(
        self,
        tools: tuple[ToolDefinition, ...],
        notes: Notes,
        *,
        opened: bool = False,
        prefers: str = "",
    ) -> None:
        self._calls = Calls(tools, notes)
        self._passages = Passages(self._calls, notes, opened=opened, prefers=prefers)
        self._run: Reading[None] | None = None

    @property
    def idle(self) -> bool:
        """Nothing can change any more in what is left of the answer: it need not be fed."""
        return self._passages.idle

    def feed(self, batch: Batch) -> Batch:
        """The events that are certain by now, maybe none; the same object if nothing is mended."""
        if self._passes(batch):
            return batch
        for event in batch:
            match event:
                case TextDelta(text) if self._run is None and self._passages.plain(text):
                    self._say(event)
                case TextDelta() | ThinkingDelta():
                    self._heard(event)
                case ToolCalled(call):
                    self._end_run(cut=False)
                    self._say(self._calls.mended(call))
                    self._passages.begun = True
                case Finished():
                    self._end_run(cut=event.reason == "length")
                    self._say(self._finished(event))
        return self._given()

    def rest(self) -> Batch:
        """What is held back, as it came: for a stream that breaks off."""
        source = self._passages.source
        self._run = self._passages.starts = None
        source.widen()
        self._passages.out.extend(source.take(len(source.text)))
        return self._given()

    def _passes(self, batch: Batch) -> bool:
        """Whether nothing is held and none of the batch could begin a marker.

        Nearly every token of nearly every answer ends here, so this is all that it costs.
        """
        passages = self._passages
        starts = passages.starts
        if starts is None:
            return passages.idle
        kind = passages.kind
        for event in batch:
            if not isinstance(event, kind) or starts(event.text):
                return False
        if kind is TextDelta and len(passages.said) <= loose.SHORT:
            passages.said += "".join([e.text for e in batch if isinstance(e, TextDelta)])
        return True

    def _say(self, event: ChatEvent) -> None:
        self._passages.out.append(event)

    def _given(self) -> Batch:
        out, self._passages.out = self._passages.out, []
        return out

    def _finished(self, event: Finished) -> Finished:
        """`length` stays: what was cut off may have been another call."""
        if self._calls.made and event.reason == "stop":
            return Finished("tool_calls", event.usage, event.timings)
        return event

    def _heard(self, piece: Piece) -> None:
        passages = self._passages
        kind = type(piece)
        if passages.idle:
            self._say(piece)
            return
        if self._run is None or kind is not passages.kind:
            self._end_run(cut=False)
            passages.kind = kind
            self._run = passages.thoughts() if kind is ThinkingDelta else passages.text()
        passages.source.push(piece)
        self._step()

    def _step(self) -> None:
        self._passages.starts = None
        if self._run is not None and next(self._run, self) is self:
            self._run = None

    def _end_run(self, *, cut: bool) -> None:
        """Settle what is held back: text or thoughts stop here, and something else comes."""
        self._passages.starts = None
        if self._run is not None:
            self._passages.source.end(cut=cut)
            self._step()
            self._run = self._passages.starts = None
            self._passages.settle()
