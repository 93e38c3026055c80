"""The server-sent events of `/api/v1`: a struct for each, whose fields are its data."""

from typing import Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

__all__ = [
    "EVENTS",
    "AgentComplete",
    "AgentExecution",
    "AgentPlanning",
    "AgentStart",
    "AgentToolCall",
    "AgentToolResult",
    "ContentDelta",
    "ContextUse",
    "Done",
    "Event",
    "Failure",
    "MessageComplete",
    "ThinkingDelta",
    "ToolCall",
    "ToolCallConfirmationRequired",
    "ToolContinuationStart",
    "ToolResult",
    "frame",
]


class ContextUse(Struct, frozen=True, kw_only=True):
    """The window that was sent (`null`: none), why that one, and the tokens of the reply."""

    current_window: int | None
    usage_tokens: int
    reason: str


class ContentDelta(Struct, frozen=True):
    """More of the reply."""

    name: ClassVar[str] = "content_delta"

    content: str
    role: Literal["assistant"] = "assistant"


class ThinkingDelta(Struct, frozen=True):
    """More of the model's reasoning."""

    name: ClassVar[str] = "thinking_delta"

    content: str


class ToolCall(Struct, frozen=True, kw_only=True):
    """A call is about to run. `call_index` counts within one reply."""

    name: ClassVar[str] = "tool_call"

    tool_name: str
    arguments: dict[str, Any]
    call_index: int


class ToolCallConfirmationRequired(Struct, frozen=True, kw_only=True):
    """A call waits for a yes; in place of `tool_call`. With `agent_name` it is an agent's."""

    name: ClassVar[str] = "tool_call_confirmation_required"

    tool_name: str
    arguments: dict[str, Any]
    call_index: int
    confirmation_id: str
    agent_name: str | UnsetType = UNSET


class ToolResult(Struct, frozen=True, kw_only=True):
    """A call was run, failed or was denied; `result` is what the model is told."""

    name: ClassVar[str] = "tool_result"

    tool_name: str
    success: bool
    result: str
    error_message: str | None
    call_index: int


class ToolContinuationStart(Struct, frozen=True):
    """The model is asked again, with the results."""

    name: ClassVar[str] = "tool_continuation_start"

    message: str


class AgentStart(Struct, frozen=True, kw_only=True):
    """An agent sets to work; in place of `tool_call`."""

    name: ClassVar[str] = "agent_start"

    agent_name: str
    instruction: str


class AgentPlanning(Struct, frozen=True):
    """More of an agent's plan."""

    name: ClassVar[str] = "agent_planning"

    content: str


class AgentExecution(Struct, frozen=True):
    """More of what an agent says at work."""

    name: ClassVar[str] = "agent_execution"

    content: str


class AgentToolCall(Struct, frozen=True, kw_only=True):
    """A call of an agent is about to run."""

    name: ClassVar[str] = "agent_tool_call"

    agent_name: str
    tool_name: str
    arguments: dict[str, Any]


class AgentToolResult(Struct, frozen=True, kw_only=True):
    """A call of an agent was run, failed or was denied."""

    name: ClassVar[str] = "agent_tool_result"

    agent_name: str
    tool_name: str
    success: bool
    result: str


class AgentComplete(Struct, frozen=True, kw_only=True):
    """An agent is done; in place of `tool_result`. `session_id` is the agent chat's."""

    name: ClassVar[str] = "agent_complete"

    agent_name: str
    session_id: str
    output: str


class MessageComplete(Struct, frozen=True, kw_only=True):
    """The final reply is on disk, under this id."""

    name: ClassVar[str] = "message_complete"

    message_id: str
    model: str
    eval_count: int | None
    prompt_eval_count: int | None
    context_window: ContextUse


class Failure(Struct, frozen=True, kw_only=True):
    """The turn failed; what was received until then is kept."""

    name: ClassVar[str] = "error"

    code: str
    message: str
    details: dict[str, Any]


class Done(Struct, frozen=True):
    """Always the last."""

    name: ClassVar[str] = "done"

    session_id: str


Event = (
    ContentDelta
    | ThinkingDelta
    | ToolCall
    | ToolCallConfirmationRequired
    | ToolResult
    | ToolContinuationStart
    | AgentStart
    | AgentPlanning
    | AgentExecution
    | AgentToolCall
    | AgentToolResult
    | AgentComplete
    | MessageComplete
    | Failure
    | Done
)

EVENTS: tuple[type[Event], ...] = Event.__args__
"""All of them, in the order of the documentation."""

_encode = msgspec.json.Encoder().encode


def frame(event: Event) -> bytes:
    """The event as it goes over the wire; its JSON is one line, whatever the text in it."""
    return b"event: %b\ndata: %b\n\n" % (event.name.encode(), _encode(event))
