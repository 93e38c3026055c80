"""What one simulated server knows and counts."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.simulator.http import Exchange, RecordedRequest
from adapters.simulator.models import Catalogue
from adapters.simulator.scheduler import Scheduler
from adapters.simulator.times import now

__all__ = ["State", "counted"]

_REMEMBERED = 1000  # requests
_REMEMBERED_BYTES = 16 * 1024 * 1024  # of their bodies, which may be images


class State:
    """Shared by all requests of one server; `token_delay` is in seconds."""

    def __init__(self, *, token_delay: float, load_delay: float, version: str) -> None:
        self.token_delay = token_delay
        self.version = version
        self.catalogue = Catalogue(now())
        self.scheduler = Scheduler(load_delay)
        self.blobs: dict[str, bytes] = {}
        self.downloaded: dict[str, int] = {}  # bytes of a layer that a broken-off pull left behind
        self.requests: deque[RecordedRequest] = deque()
        self.active = 0
        self.cancelled = 0
        self._remembered_bytes = 0

    def remember(self, request: RecordedRequest) -> None:
        """Keep the request to be looked at; the oldest go when there are too many, or too large."""
        self.requests.append(request)
        self._remembered_bytes += len(request.body)
        while len(self.requests) > _REMEMBERED or (
            self._remembered_bytes > _REMEMBERED_BYTES and len(self.requests) > 1
        ):
            self._remembered_bytes -= len(self.requests.popleft().body)


@contextmanager
def counted(state: State, exchange: Exchange) -> Iterator[None]:
    """A generation, which counts as cancelled when the client leaves before its end."""
    try:
        yield
    except asyncio.CancelledError:
        state.cancelled += exchange.left
        raise
