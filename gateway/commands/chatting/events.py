"""The events of a streamed answer, and how they are read from its bytes."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

__all__ = [
    "AgentComplete",
    "AgentExecution",
    "AgentPlanning",
    "AgentStart",
    "AgentToolCall",
    "AgentToolResult",
    "ConfirmationRequired",
    "ContentDelta",
    "Done",
    "Event",
    "MessageComplete",
    "StreamError",
    "ThinkingDelta",
    "ToolCall",
    "ToolResult",
    "read_event",
    "read_frames",
]


class ContentDelta(Struct, frozen=True):
    content: str


class ThinkingDelta(Struct, frozen=True):
    content: str


class ToolCall(Struct, frozen=True):
    tool_name: str
    arguments: dict[str, Any]


class ConfirmationRequired(Struct, frozen=True):
    """The call waits until somebody has answered `confirmation_id`, which works once. It is the
    call of an agent if that is named."""

    tool_name: str
    arguments: dict[str, Any]
    confirmation_id: str
    agent_name: str = ""


class ToolResult(Struct, frozen=True):
    tool_name: str
    success: bool
    result: str
    error_message: str | None = None


class AgentStart(Struct, frozen=True):
    agent_name: str
    instruction: str


class AgentPlanning(Struct, frozen=True):
    content: str


class AgentExecution(Struct, frozen=True):
    content: str


class AgentToolCall(Struct, frozen=True):
    agent_name: str
    tool_name: str
    arguments: dict[str, Any]


class AgentToolResult(Struct, frozen=True):
    agent_name: str
    tool_name: str
    success: bool
    result: str


class AgentComplete(Struct, frozen=True):
    """`session_id` is that of the agent's own conversation."""

    agent_name: str
    session_id: str


class MessageComplete(Struct, frozen=True):
    message_id: str


class StreamError(Struct, frozen=True):
    code: str
    message: str


class Done(Struct, frozen=True):
    """Always the last event. A stream that ends without it was cut off."""

    session_id: str


Event = (
    ContentDelta
    | ThinkingDelta
    | ToolCall
    | ConfirmationRequired
    | ToolResult
    | AgentStart
    | AgentPlanning
    | AgentExecution
    | AgentToolCall
    | AgentToolResult
    | AgentComplete
    | MessageComplete
    | StreamError
    | Done
)

EVENTS: dict[str, type[Event]] = {
    "content_delta": ContentDelta,
    "thinking_delta": ThinkingDelta,
    "tool_call": ToolCall,
    "tool_call_confirmation_required": ConfirmationRequired,
    "tool_result": ToolResult,
    "agent_start": AgentStart,
    "agent_planning": AgentPlanning,
    "agent_execution": AgentExecution,
    "agent_tool_call": AgentToolCall,
    "agent_tool_result": AgentToolResult,
    "agent_complete": AgentComplete,
    "message_complete": MessageComplete,
    "error": StreamError,
    "done": Done,
}


def read_event(name: str, data: bytes) -> Event | None:
    """The event of this name; nothing for one that a later server may send.

    Raises `msgspec.DecodeError` (or `UnicodeDecodeError`) for what is not what its name says.
    """
    kind = EVENTS.get(name)
    return msgspec.json.decode(data, type=kind) if kind else None


def read_frames(blocks: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """The name and the data of every frame. Bytes are split here, at line feeds alone: httpx's
    `iter_lines` also splits at U+2028, which JSON may hold as it is."""
    name, data = "", b""
    for line in lines(blocks):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match field:
            case b"event":
                name = value.decode("utf-8", "replace")
            case b"data":
                data = value
            case b"" if not line:
                if name:
                    yield name, data
                name, data = "", b""


def lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines; what follows the last line feed is no line."""
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")
