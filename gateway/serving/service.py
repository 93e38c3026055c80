"""What the connections of one server have in common."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct

from gateway.http.websockets import WEBSOCKETS
from gateway.serving.exchange import Header

__all__ = ["Answering", "Connected", "Deadlines", "Phase", "Service"]

NO_WEBSOCKETS: Mapping[str, int] = {}

Phase = Literal["head", "body", "idle", "write", "linger"]
"""What a connection waits for from its client; nothing while the application is at work."""


class Deadlines(Struct, frozen=True):
    """How long one phase may last, in seconds, however many single bytes arrive meanwhile."""

    head: float = 10
    """From the opening of the connection, or the first byte of a later request, to its body."""
    body: float = 60
    idle: float = 75
    """Between two requests. Longer than HTTP clients keep theirs, so that they close first."""
    write: float = 60
    """For a client that takes nothing at all of what waits for it."""
    linger: float = 2
    """For a refused client to read why: closing while it still sends would reset the connection."""


class Connected(Protocol):
    """A connection as its server sees it, whatever is spoken over it."""

    def check(self, now: float, deadlines: Deadlines) -> None:
        """End what has lasted too long."""
        ...

    def shutdown(self) -> None:
        """Begin nothing new: the server is to stop."""
        ...

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        ...


class Answering(Protocol):
    """The application at work for a client."""

    @property
    def task(self) -> asyncio.Task[None]: ...


class Service:
    """What the connections of a server share: the application, its state, and what is under way."""

    def __init__(self, app: Any, state: dict[str, Any]) -> None:
        self.app = app
        self.websockets: Mapping[str, int] = state.pop(WEBSOCKETS, NO_WEBSOCKETS)
        """The paths where there is a WebSocket, and the size of its largest message in bytes."""
        self.state = state
        self.loop = asyncio.get_running_loop()
        self.default_headers: list[Header] = []
        self.connections: set[Connected] = set()
        self.exchanges: set[Answering] = set()
        self.draining: set[Callable[[], None]] = set()

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """Those that answer. One that was cancelled before its first step has ended unheard."""
        return [each.task for each in self.exchanges if not each.task.done()]
