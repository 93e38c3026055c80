"""One coarse timer for everything that can wait too long."""

import asyncio
import math
from typing import Protocol

from adapters.upstream.errors import ConnectionBroken, UpstreamError

__all__ = ["NEVER", "Deadlines", "Waiting"]

NEVER = math.inf


class Waiting(Protocol):
    """Something with a deadline, in the event loop's time; `NEVER` while it waits for nothing."""

    deadline: float

    def expire(self) -> None:
        """The deadline has passed."""

    def abort(self, error: UpstreamError) -> None:
        """Give up now, for this reason."""


class Deadlines:
    """Looks at all deadlines every `interval` seconds: late by at most that, never early.

    A timer of the event loop costs a microsecond to set and cancel, and every token would need
    one. Setting an attribute costs nothing, and looking at a thousand of them, twice a second,
    very little. The timer runs only while there is something to look at.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._watched: set[Waiting] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    def watch(self, waiting: Waiting) -> None:
        self._watched.add(waiting)
        self._empty.clear()
        if self._timer is None:
            self._look_later(asyncio.get_running_loop())

    def forget(self, waiting: Waiting) -> None:
        self._watched.discard(waiting)
        if not self._watched and self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._empty.set()

    async def abort_all(self, reason: str) -> None:
        """Abort everything that is watched, and wait until it has been forgotten."""
        for waiting in tuple(self._watched):
            waiting.abort(ConnectionBroken(reason))
        await self._empty.wait()

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(self._interval, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._look_later(loop)
        now = loop.time()
        for waiting in [each for each in self._watched if each.deadline <= now]:
            waiting.expire()
