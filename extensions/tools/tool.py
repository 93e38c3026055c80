"""What a tool is to those who offer it to a model and run what the model calls."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol, runtime_checkable

from extensions.events import Event
from extensions.sessions.session import Session
from extensions.sessions.threads import unbroken
from extensions.tools.approval import Approver
from extensions.tools.outcome import LOST, ToolOutcome
from gateway.core.messages import ToolCall
from gateway.core.requests import ToolDefinition

__all__ = [
    "NoTools",
    "PlainTool",
    "Running",
    "Tool",
    "Toolbox",
    "Tools",
    "Work",
]


class Work(Protocol):
    """A call at work, which goes on while its `events` are taken. Whoever stops closes them."""

    @property
    def outcome(self) -> ToolOutcome:
        """What came of it; before the end of its events, what has come of it so far."""
        ...

    def events(self) -> AsyncGenerator[Sequence[Event], None]:
        """What the work tells of itself, in public words; many tools have nothing to tell."""
        ...


class Tool(Protocol):
    """Something a model may call."""

    @property
    def definition(self) -> ToolDefinition: ...

    @property
    def narrates(self) -> bool:
        """Whether its work tells by itself how it begins and ends."""
        ...

    def begin(self, call: ToolCall, approver: Approver) -> Work:
        """Set to work on a call, within the tool's own limit of time. `approver` is whom the work
        asks about calls of its own."""
        ...


class PlainTool(ABC):
    """A tool that has nothing to tell of its work, and whose calls run to their end."""

    definition: ToolDefinition
    narrates = False

    @abstractmethod
    async def run(self, call: ToolCall) -> ToolOutcome:
        """Run a call, whatever becomes of it."""

    def begin(self, call: ToolCall, approver: Approver) -> "Running":
        return Running(partial(self.run, call))


class Running:
    """The work of a tool that has nothing to tell. It is not cancelled: a client that leaves
    meanwhile finds the result in the session."""

    __slots__ = ("_run", "outcome")

    def __init__(self, run: Callable[[], Awaitable[ToolOutcome]]) -> None:
        self.outcome = LOST
        self._run = run

    async def events(self) -> AsyncGenerator[Sequence[Event], None]:
        await unbroken(self._to_its_end())
        return
        yield

    async def _to_its_end(self) -> None:
        self.outcome = await self._run()


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

    async def active(self, session: Session) -> Tools:
        """Those that the session may use by its settings. Names that do not exist are left out;
        `ToolsUnavailable` if there is no way to tell. It is asked in every turn: a session that
        names no tool must cost nothing."""
        ...


class NoTools:
    """A session without tools."""

    def offered(self) -> Sequence[ToolDefinition]:
        return ()

    def get(self, name: str) -> Tool | None:
        return None
