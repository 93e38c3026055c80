"""What metrics look at when somebody asks, rather than count."""

from typing import Protocol

__all__ = ["Connections", "Queueing"]


class Queueing(Protocol):
    """A queue of requests that wait for Ollama to begin, and how many found it full."""

    @property
    def waiting(self) -> int: ...

    @property
    def refused(self) -> int: ...


class Connections(Protocol):
    """Connections to a server: made so far, kept for the next request, and in use."""

    @property
    def opened(self) -> int: ...

    @property
    def idle(self) -> int: ...

    @property
    def active(self) -> int: ...
