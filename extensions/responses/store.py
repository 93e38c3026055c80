"""Where responses are kept: a file for each, and the chains of them."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar
from weakref import WeakValueDictionary

from extensions.responses.cache import Cache, Entry
from extensions.responses.chain import Chain
from extensions.responses.record import Record, failed, read, write
from extensions.sessions.files import Disk
from extensions.sessions.storing import stored
from extensions.sessions.threads import unbroken
from extensions.shards import LARGEST, Absent, Found, Present, Shards
from gateway.core.errors import (
    Conflict,
    PreviousResponseNotFound,
    ResponseNotFound,
    StorageUnavailable,
)

__all__ = ["MARKED_EVERY", "ResponseStore"]

T = TypeVar("T")

PREFIX = "resp_"
CRASHED = "The gateway stopped before the response had ended."

LONGEST_CHAIN, LARGEST_CHAIN = 10_000, LARGEST
"""Records, and bytes of them: no more than a session may have."""

CACHED, CACHE_SIZE = LONGEST_CHAIN, 64 * 1024 * 1024

MARKED_EVERY = 6 * 3600
"""Seconds: how exactly it is known when a response was last used."""

AT_ONCE, AT_ONCE_SIZE = 64, 1024 * 1024
"""Records of a chain that are read in one go of a thread, and bytes after which it has enough."""


class ResponseStore:
    """The responses of a folder, which no other program writes to.

    A record never changes, except while its response runs in the background: until that has ended
    it stands in a folder of its own, where a start finds those that a crash has cut short.
    """

    def __init__(
        self,
        folder: Path,
        *,
        disk: Disk | None = None,
        cache: Cache | None = None,
        longest_chain: int = LONGEST_CHAIN,
        largest_chain: int = LARGEST_CHAIN,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._kept = Shards(folder, PREFIX, disk=disk)
        self._unfinished = Shards(folder / "unfinished", PREFIX, disk=disk)
        self._cache = Cache(CACHED, CACHE_SIZE) if cache is None else cache
        self._new_chain = partial(Chain, longest=longest_chain, largest=largest_chain)
        self._clock = clock
        self._running: set[str] = set()
        self._held: Counter[str] = Counter()
        self._leaving: set[str] = set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._changes = 0

    async def get(self, id: str) -> Record:
        """The record of this id; `ResponseNotFound`, also for what cannot be an id."""
        entry = self._cache.get(id)
        if entry is None:
            [entry] = await self._found(id, partial(self._read_back, id, 1))
        return entry.record

    async def keep(self, record: Record) -> None:
        """Keep a response for good; on disk when this returns.

        One that runs in the background was begun before, and is kept as often as it comes to
        another state. If it was deleted meanwhile, it stays so, and this is `ResponseNotFound`.
        """
        if record.background is None:
            self._cache.put(await self._stored(partial(self._create, self._kept, record)))
        else:
            await unbroken(self._keep_running(record))

    async def begin(self, record: Record) -> None:
        """Keep a response that will run in the background from now on."""
        await unbroken(self._begin(record))

    async def delete(self, id: str) -> None:
        """Remove a response for good, also one that cannot be read; those that follow it cannot be
        continued any more."""
        await unbroken(self._delete(id))

    async def chain(self, id: str) -> tuple[Record, ...]:
        """The responses up to this one, the oldest first, of which the first may stand for a
        conversation.

        They are marked as used, so that none grows too old while it is followed.
        `PreviousResponseNotFound` if one of them is not there, `ContextOverflow` for too many.
        """
        chain = self._new_chain(id)
        while chain.next is not None:
            if entry := self._cache.get(chain.next):
                chain.take(entry)
                continue
            for entry in await self._before(chain):
                chain.take(entry)
        records = chain.oldest_first()
        if unmarked := chain.unused_since(self._clock() - MARKED_EVERY):
            with self.holding(records):
                await self._mark_used(unmarked)
        for gone in self._leaving:
            if gone in chain:
                raise PreviousResponseNotFound(id, gone)
        return records

    @contextmanager
    def holding(self, records: Iterable[Record]) -> Iterator[None]:
        """While this is entered, none of them is removed for its age.

        To be entered as soon as `chain` has returned them, with no `await` between.
        """
        ids = [record.id for record in records]
        self._held.update(ids)
        try:
            yield
        finally:
            self._held.subtract(ids)
            for id in ids:
                if not self._held[id]:
                    del self._held[id]

    async def end_interrupted(self) -> int:
        """Let those have failed that nobody runs any more, because of a crash; how many."""
        ended = 0
        for shard in await self._stored(self._unfinished.names):
            for found in await self._stored(partial(self._unfinished.found, shard)):
                if found.id not in self._running:
                    async with self._turn(found.id):
                        ended += await self._stored(partial(self._end_interrupted, found.id))
        return ended

    async def shards(self) -> list[str]:
        """The parts of the folder, for those who look at all of it, a part at a time."""
        return await self._stored(self._kept.names)

    async def found(self, shard: str) -> list[Found]:
        return await self._stored(partial(self._kept.found, shard))

    async def remove_old(self, id: str, before: float) -> bool:
        """Remove a response that was created and last followed `before`, unless it is held; whether
        it was removed.

        What cannot be read has no age, and stays.
        """
        return await unbroken(self._remove_old(id, before))

    async def _before(self, chain: Chain) -> list[Entry]:
        assert chain.next is not None
        try:
            return await self._found(chain.next, partial(self._read_back, chain.next, AT_ONCE))
        except ResponseNotFound:
            raise PreviousResponseNotFound(chain.id, chain.next) from None

    async def _mark_used(self, entries: Sequence[Entry]) -> None:
        now = self._clock()
        with suppress(StorageUnavailable):  # logged; what it is asked for is there all the same
            await self._stored(partial(self._touch, [entry.record.id for entry in entries]))
            for entry in entries:
                entry.used = now

    async def _found(self, id: str, work: Callable[[], list[Entry]]) -> list[Entry]:
        """What was read, remembered if nothing was changed or removed since it was begun."""
        changes = self._changes
        try:
            entries = await self._stored(work)
        except Absent:
            raise ResponseNotFound(id) from None
        if changes == self._changes:
            for entry in entries:
                self._cache.put(entry)
        return entries

    async def _begin(self, record: Record) -> None:
        if record.id in self._running:
            raise exists(record.id)
        self._running.add(record.id)  # first, or it would look interrupted as soon as it is there
        try:
            entry = await self._stored(partial(self._create, self._unfinished, record))
        except BaseException:
            self._running.discard(record.id)
            raise
        self._cache.put(entry)

    async def _keep_running(self, record: Record) -> None:
        async with self._turn(record.id):
            if record.id not in self._running:
                raise ResponseNotFound(record.id)
            try:
                entry = await self._stored(partial(self._change, record))
            finally:
                self._changed(record.id)
            if record.ended:
                self._running.discard(record.id)
            self._cache.put(entry)

    async def _delete(self, id: str) -> None:
        async with self._turn(id):
            try:
                await self._remove(id)
            except StorageUnavailable as error:
                if "done" in error.details:
                    self._running.discard(id)
                raise
            self._running.discard(id)

    async def _remove_old(self, id: str, before: float) -> bool:
        async with self._turn(id):
            try:
                used = await self._stored(partial(self._last_used, id))
            except Absent:
                return False
            if used >= before or id in self._held:
                return False
            self._leaving.add(id)
            try:
                await self._remove(id)
            finally:
                self._leaving.discard(id)
            return True

    async def _remove(self, id: str) -> None:
        try:
            await self._stored(partial(self._remove_files, id))
        except Absent:
            raise ResponseNotFound(id) from None
        finally:
            self._changed(id)

    def _changed(self, id: str) -> None:
        """Forget what was known of it; what is being read just now may be the old state."""
        self._changes += 1
        self._cache.drop(id)

    def _turn(self, id: str) -> asyncio.Lock:
        return self._turns.setdefault(id, asyncio.Lock())

    async def _stored(self, work: Callable[[], T]) -> T:
        return await stored(work, "responses")

    def _create(self, shards: Shards, record: Record) -> Entry:
        data = write(record)
        try:
            shards.create(record.id, data)
        except Present:
            raise exists(record.id) from None
        return Entry.read(record.id, data)

    def _change(self, record: Record) -> Entry:
        data = write(record)
        if record.ended:
            self._kept.put(record.id, data)  # a second time, if the next step failed
            with suppress(Absent):
                self._unfinished.remove(record.id)
        else:
            self._unfinished.put(record.id, data)
        return Entry.read(record.id, data)

    def _last_used(self, id: str) -> float:
        return max(self._kept.load(id, read).created_at, self._kept.modified(id))

    def _touch(self, ids: Sequence[str]) -> None:
        for id in ids:
            with suppress(Absent):  # deleted meanwhile, or it runs
                self._kept.touch(id)

    def _read_back(self, id: str, most: int) -> list[Entry]:
        """The record and some of those before it, as far as they are there and none is known."""
        entries = [self._load(id)]
        size = entries[0].size
        before = entries[0].follows
        with suppress(Absent):  # told when it is its turn
            while before and before not in self._cache:
                if len(entries) >= most or size >= AT_ONCE_SIZE:
                    break
                entries.append(self._load(before))
                size += entries[-1].size
                before = entries[-1].follows
        return entries

    def _load(self, id: str) -> Entry:
        if id in self._running:
            with suppress(Absent):  # it may just have ended
                return self._unfinished.load(id, Entry.read)
        return self._kept.load(id, Entry.read)

    def _remove_files(self, id: str) -> None:
        try:
            self._kept.remove(id)
        except Absent:
            self._unfinished.remove(id)  # it runs, or was damaged while it did
        else:
            if id in self._running:  # keeping it for good had failed half-way
                self._unfinished.remove(id)

    def _end_interrupted(self, id: str) -> bool:
        try:
            record = self._unfinished.load(id, read)
        except Absent:
            return False
        try:
            self._kept.create(id, write(failed(record, CRASHED)))
        except Present:  # it had ended, and was as good as moved
            self._unfinished.remove(id)
            return False
        self._unfinished.remove(id)
        return True


def exists(id: str) -> Conflict:
    return Conflict(f"A response '{id}' exists already.")
