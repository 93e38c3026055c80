"""Work for sessions that nobody waits for."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

__all__ = ["Jobs"]


class Jobs:
    """Does `work` for sessions, by their ids, one at a time for each and `at_once` for all.

    What `work` raises is its own affair: it must not.
    """

    def __init__(self, work: Callable[[str], Coroutine[Any, Any, None]], *, at_once: int) -> None:
        self._work = work
        self._at_once = at_once
        self._due: dict[str, None] = {}
        self._held: Counter[str] = Counter()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def unfinished(self) -> list[str]:
        """The sessions for which something runs or waits."""
        return [*dict.fromkeys([*self._running, *self._due])]

    def add(self, id: str) -> None:
        """Do the work soon. What waits already is done once, and by then sees all there is."""
        self._due[id] = None
        self._begin()

    def drop(self, id: str) -> None:
        """What waits is not needed any more."""
        self._due.pop(id, None)
        self._begin()

    @contextmanager
    def held(self, id: str) -> Iterator[None]:
        """Nothing is done for this session meanwhile; what is under way is broken off, and begun
        anew afterwards."""
        self._held[id] += 1
        running = self._running.get(id)
        if running is not None and running.cancel():
            self._due[id] = None
        try:
            yield
        finally:
            self._held[id] -= 1
            if not self._held[id]:
                del self._held[id]
            self._begin()

    async def stopped(self, id: str) -> None:
        """Wait for the end of what runs for this session."""
        if running := self._running.get(id):
            await asyncio.wait([running])

    async def idle(self) -> None:
        """Wait until nothing runs and nothing waits."""
        await self._idle.wait()

    async def aclose(self) -> None:
        """Break off what runs, and forget what waits; nothing begins any more."""
        self._at_once = 0
        self._due.clear()
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _begin(self) -> None:
        for id in list(self._due):
            if len(self._running) >= self._at_once:
                break
            if id not in self._held and id not in self._running:
                del self._due[id]
                task = asyncio.create_task(self._work(id))
                self._running[id] = task
                task.add_done_callback(partial(self._end, id))
        if self._due or self._running:
            self._idle.clear()
        else:
            self._idle.set()

    def _end(self, id: str, _: asyncio.Task[None]) -> None:
        del self._running[id]
        self._begin()
