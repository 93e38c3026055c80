"""Sessions and their messages as the routes show them: every field is there, `null` for nothing."""

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from extensions.sessions.session import (
    AgentSettings,
    AssistantMessage,
    Call,
    Message,
    Session,
    SessionItem,
    Summary,
    SystemMessage,
    ToolMessage,
    ToolSettings,
    UserMessage,
    WindowConfig,
    policy_in_force,
)

__all__ = [
    "ContextWindow",
    "EditedMessage",
    "MessageList",
    "SessionDetail",
    "SessionInfo",
    "SessionList",
    "SessionPrompt",
    "ShownMessage",
    "detail_of",
    "info_of",
    "messages_of",
]


class SessionInfo(Struct, frozen=True, kw_only=True):
    """A session without its conversation. Times are local, `2026-03-04T05:06:07.000890`."""

    session_id: str
    model: str
    created_at: str
    updated_at: str
    message_count: int
    tool_settings: ToolSettings
    agent_settings: AgentSettings


class ShownFunction(Struct, frozen=True):
    name: str
    arguments: dict[str, Any]


class ShownCall(Struct, frozen=True):
    """A tool call, as Ollama writes it."""

    function: ShownFunction


class ShownMessage(Struct, frozen=True, kw_only=True):
    """A message of any role; what a role does not have is `null`."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    message_id: str
    timestamp: str
    model: str | None = None
    eval_count: int | None = None
    prompt_eval_count: int | None = None
    thinking: str | None = None
    tool_calls: list[ShownCall] | None = None
    tool_name: str | None = None
    source_file: str | None = None


class Adjustment(Struct, frozen=True, kw_only=True):
    """One change of the context window, in tokens."""

    timestamp: str
    window_size: int
    reason: str
    usage_tokens: int | None


class ContextWindow(Struct, frozen=True, kw_only=True):
    """`current_window` is `null` before the first request, in tokens otherwise."""

    dynamic_enabled: bool
    current_window: int | None
    last_adjustment: str | None
    adjustment_history: list[Adjustment]
    manual_override: bool


class SessionDetail(SessionInfo, frozen=True, kw_only=True):
    """A session with all that belongs to it."""

    summary: Summary | None
    summary_model: str | None
    context_window_config: ContextWindow
    messages: list[ShownMessage]


class SessionList(Struct, frozen=True):
    """The newest `updated_at` first."""

    sessions: Sequence[SessionItem]


class MessageList(Struct, frozen=True):
    messages: list[ShownMessage]


class EditedMessage(Struct, frozen=True, kw_only=True):
    """`message_count` is what is left: all that followed the message is gone."""

    session_id: str
    message_index: int
    message_count: int


class SessionPrompt(Struct, frozen=True, kw_only=True):
    content: str
    source_file: str | None
    message_index: Literal[0] = 0


def info_of(session: Session) -> SessionInfo:
    return SessionInfo(
        session_id=session.id,
        model=session.model,
        created_at=session.created_at,
        updated_at=session.updated_at,
        message_count=len(session.messages),
        tool_settings=in_force(session.tool_settings),
        agent_settings=session.agent_settings,
    )


def detail_of(session: Session) -> SessionDetail:
    info = info_of(session)
    return SessionDetail(
        **{name: getattr(info, name) for name in SessionInfo.__struct_fields__},
        summary=session.summary,
        summary_model=session.summary_model,
        context_window_config=window_of(session.window),
        messages=messages_of(session),
    )


def in_force(settings: ToolSettings) -> ToolSettings:
    """The settings with the policies that hold: a file may name others, which no request may."""
    return replace(
        settings,
        execution_policy=policy_in_force(settings.execution_policy),
        tool_policies={
            tool: policy_in_force(name) for tool, name in settings.tool_policies.items()
        },
    )


def window_of(window: WindowConfig) -> ContextWindow:
    return ContextWindow(
        dynamic_enabled=window.dynamic_enabled,
        current_window=window.current_window,
        last_adjustment=window.last_adjustment,
        adjustment_history=[
            Adjustment(
                timestamp=change.timestamp,
                window_size=change.window_size,
                reason=change.reason,
                usage_tokens=change.usage_tokens,
            )
            for change in window.history
        ],
        manual_override=window.manual_override,
    )


def messages_of(session: Session) -> list[ShownMessage]:
    return [shown(message) for message in session.messages]


def shown(message: Message) -> ShownMessage:
    content, id, timestamp = message.content, message.id, message.timestamp
    match message:
        case SystemMessage(source_file=file):
            return ShownMessage(
                role="system", content=content, message_id=id, timestamp=timestamp, source_file=file
            )
        case UserMessage():
            return ShownMessage(role="user", content=content, message_id=id, timestamp=timestamp)
        case ToolMessage(tool_name=name):
            return ShownMessage(
                role="tool", content=content, message_id=id, timestamp=timestamp, tool_name=name
            )
        case AssistantMessage():
            return ShownMessage(
                role="assistant",
                content=content,
                message_id=id,
                timestamp=timestamp,
                model=message.model,
                eval_count=message.eval_count,
                prompt_eval_count=message.prompt_eval_count,
                thinking=message.thinking or None,
                tool_calls=[shown_call(call) for call in message.calls] or None,
            )


def shown_call(call: Call) -> ShownCall:
    return ShownCall(ShownFunction(call.name, call.arguments))
