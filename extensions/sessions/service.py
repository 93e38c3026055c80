"""The sessions: who may change which, one at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from extensions.sessions.changes import Change
from extensions.sessions.clock import local_now, new_message_id
from extensions.sessions.session import Session, SessionItem
from extensions.sessions.store import SessionStore

__all__ = ["OpenSession", "Sessions"]


class OpenSession:
    """A session that nobody else changes meanwhile, as far as this program can tell.

    `session` is how it is now: what was committed is in it, and what another program wrote.
    """

    def __init__(self, store: SessionStore, session: Session, clock: Callable[[], str]) -> None:
        self.session = session
        self._store = store
        self._clock = clock

    async def commit(self, *changes: Change) -> Session:
        """Make the changes, together; on disk when this returns."""
        self.session = await self._store.commit(self.session, changes, self._clock())
        return self.session


class Sessions:
    """The sessions of a store.

    Whoever changes one holds its turn, and the others queue in the order they came. `clock` tells
    the time as sessions write it, `new_id` makes ids of sessions and messages.
    """

    def __init__(
        self,
        store: SessionStore,
        *,
        clock: Callable[[], str] = local_now,
        new_id: Callable[[], str] = new_message_id,
    ) -> None:
        self.clock = clock
        self.new_id = new_id
        self._store = store
        self._turns: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}
        self._streams: dict[str, list[Callable[[], None]]] = {}

    async def create(self, session: Session) -> Session:
        """Keep a new session."""
        return await self._store.create(session)

    async def get(self, id: str) -> Session:
        """The session as it is now, whoever may be changing it."""
        return await self._store.load(id)

    async def items(self) -> Sequence[SessionItem]:
        """All sessions, the newest first."""
        return await self._store.list()

    @asynccontextmanager
    async def turn(self, id: str, known: Session | None = None) -> AsyncIterator[OpenSession]:
        """Wait for the session, and hold it. It is read when the turn comes, unless it is still
        as the caller has `known` it. Whoever queues keeps nothing of it meanwhile: a session may
        take megabytes, and thousands may queue."""
        if self._waiting.get(id):
            known = None
        lock = self._turns.setdefault(id, asyncio.Lock())
        self._waiting[id] = self._waiting.get(id, 0) + 1
        try:
            async with lock:
                opened = OpenSession(self._store, await self._store.load(id, known), self.clock)
                known = None
                yield opened
        finally:
            self._waiting[id] -= 1
            if not self._waiting[id]:
                del self._waiting[id], self._turns[id]

    @contextmanager
    def streaming(self, id: str, end: Callable[[], None]) -> Iterator[None]:
        """While this is entered, deleting the session calls `end`."""
        self._streams.setdefault(id, []).append(end)
        try:
            yield
        finally:
            streams = self._streams[id]
            streams.remove(end)
            if not streams:
                del self._streams[id]

    async def delete(self, id: str) -> None:
        """End the streams of the session, wait for its turn, and delete it for good.

        The streams are told that it is gone, so they go on if it is known that it cannot go.
        """
        await self._store.check_deletable(id)
        for end in list(self._streams.get(id, ())):
            end()
        async with self.turn(id):
            await self._store.delete(id)
