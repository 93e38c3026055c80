"""The public form of what happens in a turn: events for those who watch, one answer for others."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import assert_never

from extensions import events
from extensions.chat.asked import AnsweredMessage, ChatAnswer, ExecutedCall
from extensions.chat.steps import Again, Asking, Called, Calling, Ended, Said, Step, Thought, Told
from extensions.chat.turn import Turn
from extensions.events import Event
from extensions.sessions.session import AssistantMessage
from gateway.core.errors import BackendFailed
from gateway.core.faults import fault_of

__all__ = ["EventWriter", "answer_of", "events_of"]


async def events_of(turn: Turn) -> AsyncGenerator[Sequence[Event], None]:
    """The turn as it happens."""
    async with aclosing(turn.steps()) as steps:
        async for happened in steps:
            if told := [event for step in happened if (event := event_of(step, turn))]:
                yield told


def event_of(step: Step, turn: Turn) -> Event | None:
    """The event that a step is; `None` if it has been told of already."""
    match step:
        case Said(text):
            return events.ContentDelta(text)
        case Thought(text):
            return events.ThinkingDelta(text)
        case Calling(confirmed=True) | Called(told=True):
            return None
        case Told(event):
            return event
        case Calling(index, call):
            return events.ToolCall(tool_name=call.name, arguments=call.arguments, call_index=index)
        case Asking(index, call, question):
            return events.ToolCallConfirmationRequired(
                tool_name=call.name,
                arguments=call.arguments,
                call_index=index,
                confirmation_id=question,
            )
        case Called(index, call, outcome):
            return events.ToolResult(
                tool_name=call.name,
                success=outcome.success,
                result=outcome.result,
                error_message=outcome.error,
                call_index=index,
            )
        case Again(results):
            plural = "" if results == 1 else "s"
            return events.ToolContinuationStart(f"Continuing with {results} tool result{plural}.")
        case Ended(message):
            return events.MessageComplete(
                message_id=message.id,
                model=message.model,
                eval_count=message.eval_count,
                prompt_eval_count=message.prompt_eval_count,
                context_window=turn.context_use(message),
            )
    assert_never(step)


async def answer_of(turn: Turn) -> ChatAnswer:
    """The turn to its end."""
    executed: list[ExecutedCall] = []
    async with aclosing(turn.steps()) as steps:
        async for happened in steps:
            for step in happened:
                match step:
                    case Called(_, call, outcome):
                        executed.append(ExecutedCall(call.name, call.arguments, outcome.success))
                    case Ended(message):
                        return ChatAnswer(
                            session_id=turn.session_id,
                            message=answered(message),
                            tool_calls_executed=executed,
                            context_window=turn.context_use(message),
                        )
    raise BackendFailed("The answer broke off before its end.")


def answered(message: AssistantMessage) -> AnsweredMessage:
    return AnsweredMessage(
        content=message.content,
        thinking=message.thinking,
        model=message.model,
        message_id=message.id,
        timestamp=message.timestamp,
        eval_count=message.eval_count,
        prompt_eval_count=message.prompt_eval_count,
    )


class EventWriter:
    """The events of one stream of a session as frames; `done` is the last of all, once."""

    def __init__(self, session_id: str) -> None:
        self._session_id = session_id

    def frames(self, batch: Sequence[Event]) -> bytes:
        return b"".join(map(events.frame, batch))

    def failure(self, error: Exception) -> bytes:
        code, message, details = fault_of(error)
        failed = events.Failure(
            code=code, message=message, details={**details, "session_id": self._session_id}
        )
        return events.frame(failed) + self.end()

    def end(self) -> bytes:
        return events.frame(events.Done(self._session_id))
