"""What a tool is to those who offer it to a model and run what the model calls."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from extensions.sessions.session import ToolSettings
from gateway.core.messages import ToolCall
from gateway.core.requests import ToolDefinition

__all__ = ["DENIED", "NoTools", "Tool", "ToolOutcome", "Toolbox", "Tools"]


class ToolOutcome(Struct, frozen=True):
    """What came of a call. `result` is what the model is told, a failure included."""

    success: bool
    result: str
    error: str | None = None

    @classmethod
    def failed(cls, error: str) -> "ToolOutcome":
        return cls(False, f"Error: {error}", error)

    @classmethod
    def unknown(cls, name: str) -> "ToolOutcome":
        return cls.failed(f"Tool '{name}' not found")


DENIED = ToolOutcome.failed("Tool execution denied by user")


class Tool(Protocol):
    """Something a model may call."""

    @property
    def definition(self) -> ToolDefinition: ...

    async def run(self, call: ToolCall) -> ToolOutcome:
        """Run a call of it to its end, and within its own limit of time. A call is not cancelled:
        a client that leaves meanwhile finds the result in the session."""
        ...


class Tools(Protocol):
    """The tools that are active for a session."""

    def offered(self) -> Sequence[ToolDefinition]:
        """What the model is told of them."""
        ...

    def get(self, name: str) -> Tool | None:
        """The active tool of this name, however the model came by it."""
        ...


@runtime_checkable
class Toolbox(Protocol):
    """All tools there are."""

    async def active(self, settings: ToolSettings) -> Tools:
        """Those that a session with these settings may use. Names that do not exist are left out;
        `ToolsUnavailable` if there is no way to tell. It is asked in every turn: settings that name
        no tool must cost nothing."""
        ...


class NoTools:
    """A session without tools."""

    def offered(self) -> Sequence[ToolDefinition]:
        return ()

    def get(self, name: str) -> Tool | None:
        return None
