"""Where chat completions are kept: a file for each, and an index for lists of them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Generic, Literal, TypeVar
from weakref import WeakValueDictionary

from msgspec import Raw, Struct
from msgspec.structs import replace

from extensions.completions.index import ROOM, Entry, Index
from extensions.completions.record import Completion, read, write
from extensions.sessions.files import Disk
from extensions.sessions.storing import stored
from extensions.sessions.threads import unbroken
from extensions.shards import Absent, Present, Shards
from gateway.core.errors import (
    LONGEST_NAME,
    CompletionNotFound,
    Conflict,
    InvalidRequest,
    StorageUnavailable,
)

__all__ = ["CompletionStore", "Order", "Page", "Query", "Shown"]

T = TypeVar("T")

PREFIX = "chatcmpl-"

Order = Literal["asc", "desc"]


class Query(Struct, frozen=True, kw_only=True):
    """Which completions are listed: by age, those of a model and with all of this metadata."""

    after: str | None = None
    limit: int = 20
    order: Order = "asc"
    model: str | None = None
    metadata: Mapping[str, str] = {}


class Shown(Struct, frozen=True):
    """A JSON object as clients get it. A message has the id of its completion and its index."""

    id: str
    object: Raw


class Page(Struct, Generic[T], frozen=True):
    """Some of the items that there are."""

    items: tuple[T, ...]
    has_more: bool


class CompletionStore:
    """The stored chat completions of a folder, which no other program writes to.

    The first list reads all files. From then on what lists are chosen by is in memory.
    """

    def __init__(self, folder: Path, *, disk: Disk | None = None, room: int = ROOM) -> None:
        self._room = room
        self._files = Shards(folder, PREFIX, disk=disk)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._index: Index | None = None
        self._indexing = asyncio.Lock()
        self._meanwhile: dict[str, Entry | None] | None = None

    async def put(self, completion: Completion) -> None:
        """Keep a new completion; on disk when this returns."""
        await unbroken(self._put(completion))

    async def get(self, id: str) -> Completion:
        """The completion of this id; `CompletionNotFound`, also for what cannot be an id."""
        return await self._found(id, partial(self._files.load, id, read))

    async def update(self, id: str, metadata: Mapping[str, str]) -> Completion:
        """Give a completion other metadata."""
        return await unbroken(self._update(id, metadata))

    async def delete(self, id: str) -> None:
        """Remove a completion for good, also one that cannot be read."""
        await unbroken(self._delete(id))

    async def list(self, query: Query) -> Page[Shown]:
        """A page of completions; `InvalidRequest` if `after` is none that a list has shown."""
        index = await self._indexed()
        ids = index.ids(query.after, query.order == "desc")
        if ids is None:
            raise unknown(query.after)
        return await self._stored(partial(self._page, index, ids, query))

    async def messages(self, id: str) -> Sequence[Shown]:
        """The messages of a request."""
        completion = await self.get(id)
        return [Shown(f"{id}-{n}", found) for n, found in enumerate(completion.messages)]

    async def _put(self, completion: Completion) -> None:
        create = partial(self._create, completion)
        await self._change(completion.id, create, Entry.of(completion))

    async def _update(self, id: str, metadata: Mapping[str, str]) -> Completion:
        async with self._turn(id):
            changed = replace(await self.get(id), metadata=dict(metadata))
            put = partial(self._files.put, id, write(changed))
            await self._change(id, put, Entry.of(changed))
            return changed

    async def _delete(self, id: str) -> None:
        async with self._turn(id):
            await self._change(id, partial(self._files.remove, id), None)

    def _create(self, completion: Completion) -> None:
        try:
            self._files.create(completion.id, write(completion))
        except Present:
            raise Conflict(f"A chat completion '{completion.id}' exists already.") from None

    async def _change(self, id: str, work: Callable[[], None], entry: Entry | None) -> None:
        """Do it, and let lists know; also if it is done and only the disk is not sure of it."""
        try:
            await self._found(id, work)
        except StorageUnavailable as error:
            if "done" in error.details:
                self._note(id, entry)
            raise
        self._note(id, entry)

    def _note(self, id: str, entry: Entry | None) -> None:
        """Keep the index as the files are, or the index that is just being made."""
        if self._meanwhile is not None:
            self._meanwhile[id] = entry
        elif self._index is not None and entry is None:
            self._index.drop(id)
        elif self._index is not None and entry is not None:
            self._index.put(entry)

    async def _indexed(self) -> Index:
        async with self._indexing:
            if self._index is None:
                self._meanwhile = {}
                try:
                    found = await self._entries()
                    known = {**{entry.id: entry for entry in found}, **self._meanwhile}
                    self._index = Index(filter(None, known.values()), self._room)
                finally:
                    self._meanwhile = None
            return self._index

    async def _entries(self) -> Sequence[Entry]:
        """What is in the files, a shard at a time: so nobody waits long for a thread."""
        entries: list[Entry] = []
        for shard in await self._stored(self._files.names):
            entries += await self._stored(partial(self._look, shard))
        return entries

    def _look(self, shard: str) -> Sequence[Entry]:
        entries = []
        for found in self._files.found(shard):
            with suppress(Absent):
                entries.append(Entry.of(self._files.load(found.id, read)))
        return entries

    def _page(self, index: Index, ids: Sequence[str], query: Query) -> Page[Shown]:
        items: list[Shown] = []
        for id in ids:
            entry = index.get(id)
            if entry is None or not self._matches(entry, query):
                continue
            if len(items) == query.limit:
                return Page(tuple(items), True)
            with suppress(Absent):  # somebody removed it by hand
                items.append(Shown(id, Raw(self._files.load(id, read).shown())))
        return Page(tuple(items), False)

    def _matches(self, entry: Entry, query: Query) -> bool:
        if query.model is not None and entry.model != query.model:
            return False
        if not query.metadata:
            return True
        metadata = entry.metadata
        if metadata is None:
            try:
                metadata = self._files.load(entry.id, read).metadata
            except Absent:
                return False
        return query.metadata.items() <= metadata.items()

    async def _found(self, id: str, work: Callable[[], T]) -> T:
        try:
            return await self._stored(work)
        except Absent:
            raise CompletionNotFound(id) from None

    async def _stored(self, work: Callable[[], T]) -> T:
        return await stored(work, "stored chat completions")

    def _turn(self, id: str) -> asyncio.Lock:
        return self._turns.setdefault(id, asyncio.Lock())


def unknown(after: str | None) -> InvalidRequest:
    shown = (after or "")[:LONGEST_NAME]
    return InvalidRequest(f"There is nothing '{shown}' to list after.", param="after")
