"""Everything that can happen to a session, as values; and the one function that makes it happen."""

from typing import Any, assert_never

from msgspec import Struct
from msgspec.structs import replace

from extensions.sessions.session import (
    AgentSettings,
    Message,
    Session,
    Summary,
    SystemMessage,
    ToolSettings,
    UserMessage,
    WindowConfig,
)
from gateway.core.errors import InvalidMessageIndex, PromptNotFound

__all__ = [
    "Change",
    "HistoryCut",
    "MessageAppended",
    "MessageEdited",
    "MessagesReplaced",
    "MetadataNoted",
    "SettingsChanged",
    "SummaryChanged",
    "SystemPromptRemoved",
    "SystemPromptSet",
    "WindowChanged",
    "apply",
]


class MessageAppended(Struct, frozen=True):
    """One more message at the end."""

    message: Message


class MessageEdited(Struct, frozen=True, kw_only=True):
    """The user message at `index` says something else, and what followed it is gone.

    `dropped` are the ids of what is known to follow; see `HistoryCut`.
    """

    index: int
    content: str
    timestamp: str
    dropped: tuple[str, ...]


class HistoryCut(Struct, frozen=True):
    """The messages of the ids `dropped` are gone, as far as they follow the first `length`.

    What another program has added meanwhile is not among them, and stays.
    """

    length: int
    dropped: tuple[str, ...]


class MessagesReplaced(Struct, frozen=True):
    """`messages` stand where the first of those with the ids `dropped` stood, which are all gone.

    If none of them is there any more, there is no such place, and nothing happens.
    """

    dropped: tuple[str, ...]
    messages: tuple[Message, ...]


class MetadataNoted(Struct, frozen=True):
    """A key that the metadata of the file have beside those of the format, which it must not be."""

    key: str
    value: Any


class SettingsChanged(Struct, frozen=True, kw_only=True):
    """`None` leaves a setting as it is; the others are replaced wholly."""

    model: str | None = None
    tool_settings: ToolSettings | None = None
    agent_settings: AgentSettings | None = None


class SystemPromptSet(Struct, frozen=True):
    """The prompt takes the place of the one there is, or becomes message 0. Nothing is cut.

    What other programs have noted beside the old one stays.
    """

    message: SystemMessage


class SystemPromptRemoved(Struct, frozen=True):
    pass


class SummaryChanged(Struct, frozen=True):
    """A new summary; `model`, if given, is the one that summaries are to be made with."""

    summary: Summary
    model: str | None = None


class WindowChanged(Struct, frozen=True):
    """Another window, unless somebody has meanwhile switched how windows are chosen: a decision
    by the old switches does not undo that."""

    window: WindowConfig


Change = (
    MessageAppended
    | MessageEdited
    | HistoryCut
    | MessagesReplaced
    | MetadataNoted
    | SettingsChanged
    | SystemPromptSet
    | SystemPromptRemoved
    | SummaryChanged
    | WindowChanged
)


def apply(session: Session, change: Change, at: str) -> Session:
    """The session after the change, which happened `at` this time.

    `InvalidMessageIndex` and `PromptNotFound` for what cannot happen to it.
    """
    return replace(applied(session, change), updated_at=at)


def applied(session: Session, change: Change) -> Session:
    match change:
        case MessageAppended(message):
            return replace(session, messages=(*session.messages, message))
        case MessageEdited():
            return edited(session, change)
        case HistoryCut(length, dropped):
            return replace(session, messages=cut(session.messages, length, dropped))
        case MessagesReplaced(dropped, messages):
            return replace(session, messages=replaced(session.messages, dropped, messages))
        case MetadataNoted(key, value):
            metadata = {**session.kept.metadata, key: value}
            return replace(session, kept=replace(session.kept, metadata=metadata))
        case SettingsChanged():
            return with_settings(session, change)
        case SystemPromptSet(message):
            return with_prompt(session, message)
        case SystemPromptRemoved():
            rest = without_prompt(session)
            if len(rest) == len(session.messages):
                raise PromptNotFound("The session has no system prompt.")
            return replace(session, messages=rest)
        case SummaryChanged(summary, model):
            return replace(session, summary=summary, summary_model=model or session.summary_model)
        case WindowChanged(window):
            return replace(session, window=window) if same_switches(session, window) else session
    assert_never(change)


def same_switches(session: Session, window: WindowConfig) -> bool:
    now = session.window
    return (now.manual_override, now.dynamic_enabled) == (
        window.manual_override,
        window.dynamic_enabled,
    )


def edited(session: Session, change: MessageEdited) -> Session:
    messages, index = session.messages, change.index
    if not 0 <= index < len(messages) or not isinstance(messages[index], UserMessage):
        raise InvalidMessageIndex(
            f"Message {index} is no user message of this session.",
            message_index=index,
            message_count=len(messages),
        )
    said = replace(messages[index], content=change.content, timestamp=change.timestamp)
    messages = (*messages[:index], said, *messages[index + 1 :])
    return replace(session, messages=cut(messages, index + 1, change.dropped))


def cut(
    messages: tuple[Message, ...], length: int, dropped: tuple[str, ...]
) -> tuple[Message, ...]:
    rest = [message for message in messages[length:] if message.id not in dropped]
    return (*messages[:length], *rest)


def replaced(
    messages: tuple[Message, ...], dropped: tuple[str, ...], others: tuple[Message, ...]
) -> tuple[Message, ...]:
    place = next((at for at, message in enumerate(messages) if message.id in dropped), None)
    if place is None:
        return messages
    return (*messages[:place], *others, *cut(messages[place:], 0, dropped))


def with_settings(session: Session, change: SettingsChanged) -> Session:
    return replace(
        session,
        model=session.model if change.model is None else change.model,
        tool_settings=change.tool_settings or session.tool_settings,
        agent_settings=change.agent_settings or session.agent_settings,
    )


def with_prompt(session: Session, message: SystemMessage) -> Session:
    rest = without_prompt(session)
    if len(rest) < len(session.messages):
        message = replace(message, extra={**session.messages[0].extra, **message.extra})
    return replace(session, messages=(message, *rest))


def without_prompt(session: Session) -> tuple[Message, ...]:
    messages = session.messages
    return messages[1:] if messages and isinstance(messages[0], SystemMessage) else messages
