"""A reply while it grows."""

from extensions.chat.steps import Said, Step, Thought
from gateway.core.events import Batch, Finished, TextDelta, ThinkingDelta, ToolCalled
from gateway.core.messages import ToolCall

__all__ = ["GrowingReply"]


class GrowingReply:
    """Takes the events of one reply. `ended` is how it ended, once it has.

    Unless the reader is `thinking` along, reasoning that arrives anyway is dropped.
    """

    def __init__(self, *, thinking: bool) -> None:
        self.calls: list[ToolCall] = []
        self.ended: Finished | None = None
        self._keeps_thoughts = thinking
        self._said: list[str] = []
        self._thought: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._said)

    @property
    def thinking(self) -> str:
        return "".join(self._thought)

    def take(self, batch: Batch) -> list[Step]:
        """What of a batch is for the reader. Calls are collected, from whichever batch."""
        steps: list[Step] = []
        for event in batch:
            match event:
                case TextDelta(text) if text:
                    self._said.append(text)
                    steps.append(Said(text))
                case ThinkingDelta(text) if text and self._keeps_thoughts:
                    self._thought.append(text)
                    steps.append(Thought(text))
                case ToolCalled(call):
                    self.calls.append(call)
                case Finished():
                    self.ended = event
        return steps
