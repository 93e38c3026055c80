"""The work of an agent as a model would tell of it."""

from collections.abc import Sequence

from extensions.agents.run import AgentStep, Planning
from extensions.agents.transcript import call_line, limit_line, result_line
from extensions.chat.steps import Again, Asking, Called, Calling, Said
from gateway.core.events import ChatEvent, TextDelta, ThinkingDelta

__all__ = ["Narration"]


class Narration:
    """What an agent plans and what its tools do is its reasoning, each call and each result on
    lines of their own; what it says at work is its answer, a blank line between replies."""

    def __init__(self) -> None:
        self._within_line = False
        self._said = False
        self._between = ""

    def events(self, happened: Sequence[AgentStep]) -> list[ChatEvent]:
        """What is told of these steps; nothing of many."""
        told: list[ChatEvent] = []
        for step in happened:
            match step:
                case Planning(text):
                    self._within_line = True
                    told.append(ThinkingDelta(text))
                case Said(text):
                    told.append(self._answer(text))
                case Calling(call=call, confirmed=False) | Asking(call=call):
                    told.append(self._line(call_line(call.name, call.arguments)))
                case Called(call=call, outcome=outcome):
                    told.append(self._line(result_line(call.name, outcome.result)))
                case Again() if self._said:
                    self._between = "\n\n"
        return told

    def limit(self, most: int) -> list[ChatEvent]:
        """That the agent was stopped after so many replies."""
        if self._said:
            self._between = "\n\n"
        return [self._answer(limit_line(most))]

    def _answer(self, text: str) -> TextDelta:
        between, self._between, self._said = self._between, "", True
        return TextDelta(between + text)

    def _line(self, line: str) -> ThinkingDelta:
        """A line; the first one after a plan leaves a blank one."""
        between = "\n\n" if self._within_line else ""
        self._within_line = False
        return ThinkingDelta(f"{between}{line}\n")
