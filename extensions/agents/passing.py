"""The conversation of an agent that answers as a model: nobody keeps it."""

from collections import deque
from collections.abc import Iterable, Sequence

from extensions.chat.reply import GrowingReply
from extensions.sessions import session as kept
from extensions.sessions.clock import local_now, new_message_id
from gateway.core.events import Finished, Timings, Usage
from gateway.core.messages import AssistantMessage, Message, ToolMessage, text

__all__ = ["PassingLedger"]


class PassingLedger:
    """A `Ledger` in memory, which begins with `messages`.

    `ended` is how an answer that is made of all the replies ends: with their tokens and times
    together, and cut where the last of them was.
    """

    def __init__(self, messages: Iterable[Message], model: str) -> None:
        self.ended = Finished("stop")
        self._messages = [*messages]
        self._model = model
        self._unanswered: deque[str] = deque()

    @property
    def messages(self) -> tuple[Message, ...]:
        """What was said so far."""
        return tuple(self._messages)

    async def say(self, reply: GrowingReply) -> kept.AssistantMessage:
        said = AssistantMessage(text(reply.text), tool_calls=tuple(reply.calls))
        self._messages.append(said)
        self._unanswered = deque(call.id for call in said.tool_calls)
        if reply.ended is not None:
            self.ended = together(self.ended, reply.ended)
        return kept.AssistantMessage(
            id=new_message_id(), timestamp=local_now(), content=reply.text, model=self._model
        )

    async def break_off(self, reply: GrowingReply) -> None:
        """What fails here is over."""

    async def answer_calls(self, results: Sequence[tuple[str, str]]) -> None:
        self._messages += [
            ToolMessage(text(result), self._unanswered.popleft(), name) for name, result in results
        ]


def together(before: Finished, last: Finished) -> Finished:
    """Two replies as one."""
    usage, timings = (before.usage, last.usage), (before.timings, last.timings)
    return Finished(
        "length" if last.reason == "length" else "stop",
        Usage(
            prompt_tokens=sum(each.prompt_tokens for each in usage),
            completion_tokens=sum(each.completion_tokens for each in usage),
            cached_tokens=sum(each.cached_tokens for each in usage),
            reasoning_tokens=sum(each.reasoning_tokens for each in usage),
        ),
        Timings(
            total=sum(each.total for each in timings),
            load=sum(each.load for each in timings),
            prompt=sum(each.prompt for each in timings),
            generation=sum(each.generation for each in timings),
        ),
    )
