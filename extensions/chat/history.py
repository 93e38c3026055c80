"""From the messages of a session to those that a model is sent."""

from collections.abc import Callable, Iterable, Sequence
from typing import assert_never

from extensions.sessions.session import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolMessage,
    UserMessage,
    answered,
)
from extensions.tools.outcome import LOST
from gateway.core import messages as core
from gateway.core.ids import new_id

__all__ = ["ContentOf", "conversation", "last_question", "text_alone"]


ContentOf = Callable[[Message], core.Content]
"""What the content of a message is, when there is more of it than a session knows."""


def text_alone(message: Message) -> core.Content:
    return core.text(message.content)


def conversation(
    messages: Sequence[Message], content_of: ContentOf = text_alone
) -> tuple[core.Message, ...]:
    """The history as the core knows it: calls with new ids, results with the ids of their calls.

    Thinking is not sent back. A call without a result, as a crash may leave one behind, gets one:
    the templates of many models fail on a call that nobody answered.
    """
    sent: list[core.Message] = []
    waiting: dict[int, core.ToolCall] = {}
    for message in messages:
        if waiting and not isinstance(message, ToolMessage):
            sent.extend(lost(waiting.values()))
            waiting.clear()
        content = content_of(message)
        match message:
            case UserMessage():
                sent.append(core.UserMessage(content))
            case AssistantMessage(calls=()):
                sent.append(core.AssistantMessage(content))
            case AssistantMessage():
                calls = [
                    core.ToolCall(new_id("call_"), call.name, call.arguments)
                    for call in message.calls
                ]
                waiting = dict(enumerate(calls))
                sent.append(core.AssistantMessage(content, tool_calls=tuple(calls)))
            case SystemMessage():
                sent.append(core.SystemMessage(content))
            case ToolMessage(tool_name=name):
                index = answered(message, waiting)
                call_id = new_id("call_") if index is None else waiting.pop(index).id
                sent.append(core.ToolMessage(content, call_id, name))
            case _:
                assert_never(message)
    sent.extend(lost(waiting.values()))
    return tuple(sent)


def lost(calls: Iterable[core.ToolCall]) -> list[core.ToolMessage]:
    return [core.ToolMessage(core.text(LOST.result), call.id, call.name) for call in calls]


def last_question(messages: Sequence[Message]) -> int | None:
    """The index of the last user message."""
    for index in range(len(messages) - 1, -1, -1):
        if isinstance(messages[index], UserMessage):
            return index
    return None
