"""What a turn leaves in the session that it holds."""

import asyncio
from collections.abc import Sequence

import pytest

from extensions.chat.record import Record
from extensions.chat.tests.talking import ID, NOW, OLD, kept, sessions_with
from extensions.sessions.changes import Change, MessageAppended
from extensions.sessions.memory_store import MemorySessionStore
from extensions.sessions.session import Session, UserMessage


class Slow(MemorySessionStore):
    """Takes its time, and could be cancelled meanwhile."""

    async def commit(self, session: Session, changes: Sequence[Change], at: str) -> Session:
        await asyncio.sleep(0.02)
        return await super().commit(session, changes, at)


async def test_a_replacement_that_was_cancelled_replaces_once() -> None:
    sessions = await sessions_with(*OLD, store=Slow())
    async with sessions.turn(ID) as opened:
        record = Record(opened, sessions, 1)
        writing = asyncio.create_task(record.answer_calls([("add", "3")]))
        await asyncio.sleep(0.005)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await record.answer_calls([("add", "7")])
    assert await kept(sessions) == [("user", "Morning?"), ("tool", "3"), ("tool", "7")]


async def test_a_new_answer_replaces_only_what_was_there_when_it_began() -> None:
    store = MemorySessionStore()
    sessions = await sessions_with(*OLD, store=store)
    async with sessions.turn(ID) as opened:
        record = Record(opened, sessions, 1)
        theirs = UserMessage(id="other", timestamp=NOW, content="Meanwhile.")
        await store.commit(opened.session, [MessageAppended(theirs)], NOW)
        await record.answer_calls([("clock", "Noon.")])
    assert await kept(sessions) == [("user", "Morning?"), ("user", "Meanwhile."), ("tool", "Noon.")]
