"""Who may change which session, and when."""

import asyncio

import anyio
import pytest

from extensions.sessions.memory_store import MemorySessionStore
from extensions.sessions.service import Sessions
from extensions.sessions.tests.samples import LATER, appended, session, texts
from gateway.core.errors import SessionNotFound


@pytest.fixture
async def sessions() -> Sessions:
    made = Sessions(MemorySessionStore(), clock=lambda: LATER)
    await made.create(session("a"))
    await made.create(session("b"))
    return made


def idle(sessions: Sessions) -> bool:
    """Whether nothing is kept for sessions that nobody uses."""
    return not (sessions._turns or sessions._waiting or sessions._streams)


async def test_turns_come_in_the_order_they_were_asked_for(sessions: Sessions) -> None:
    async def turn(number: int) -> None:
        async with sessions.turn("a") as opened:
            await opened.commit(appended(f"{number}?"))
            await asyncio.sleep(0)
            await opened.commit(appended(f"{number}."))

    await asyncio.gather(*(turn(number) for number in range(5)))
    assert texts(await sessions.get("a")) == [f"{n}{mark}" for n in range(5) for mark in "?."]
    assert idle(sessions)


async def test_a_turn_reads_the_session_when_it_comes(sessions: Sessions) -> None:
    async def second() -> list[str]:
        async with sessions.turn("a") as opened:
            return texts(opened.session)

    async with sessions.turn("a") as opened:
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0)
        await opened.commit(appended("One."))
    assert await waiting == ["One."]


async def test_a_commit_is_dated_by_the_clock_and_seen_in_the_turn(sessions: Sessions) -> None:
    async with sessions.turn("a") as opened:
        changed = await opened.commit(appended("One."), appended("Two."))
        assert opened.session == changed
    assert (texts(changed), changed.updated_at) == (["One.", "Two."], LATER)


async def test_sessions_do_not_wait_for_one_another(sessions: Sessions) -> None:
    async with asyncio.timeout(5), sessions.turn("a"), sessions.turn("b") as opened:
        await opened.commit(appended("Meanwhile."))
    assert texts(await sessions.get("b")) == ["Meanwhile."]


async def test_whoever_only_reads_does_not_wait(sessions: Sessions) -> None:
    async with asyncio.timeout(5), sessions.turn("a") as opened:
        await opened.commit(appended("One."))
        assert texts(await sessions.get("a")) == ["One."]
        assert len(await sessions.items()) == 2


async def test_a_turn_of_no_session_is_none_and_leaves_nothing(sessions: Sessions) -> None:
    with pytest.raises(SessionNotFound):
        async with sessions.turn("c"):
            pytest.fail("There is no such session.")
    assert idle(sessions)


async def test_a_turn_that_fails_is_over(sessions: Sessions) -> None:
    with pytest.raises(ZeroDivisionError):
        async with sessions.turn("a"):
            raise ZeroDivisionError
    assert idle(sessions)
    async with asyncio.timeout(5), sessions.turn("a"):
        pass


async def test_who_is_cancelled_while_waiting_is_forgotten(sessions: Sessions) -> None:
    async def wait() -> None:
        async with sessions.turn("a"):
            pytest.fail("It was cancelled.")

    async with sessions.turn("a"):
        waiting = [asyncio.create_task(wait()) for _ in range(3)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert not idle(sessions)
    assert idle(sessions)


async def test_a_turn_that_is_waited_for_keeps_its_lock(sessions: Sessions) -> None:
    inside = 0

    async def turn() -> None:
        nonlocal inside
        async with sessions.turn("a"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            inside -= 1

    async with sessions.turn("a"):
        first = asyncio.create_task(turn())
        await asyncio.sleep(0)
    await asyncio.gather(first, *(turn() for _ in range(3)))
    assert idle(sessions)


async def test_deleting_ends_the_streams_and_is_final(sessions: Sessions) -> None:
    ended: list[str] = []
    running = asyncio.Event()

    async def stream() -> None:
        scope = anyio.CancelScope()
        with scope, sessions.streaming("a", scope.cancel):
            try:
                async with sessions.turn("a") as opened:
                    running.set()
                    try:
                        await asyncio.sleep(60)
                    finally:
                        with anyio.CancelScope(shield=True):
                            await opened.commit(appended("Cut short"))
            finally:
                ended.append("stream")

    streams = [asyncio.create_task(stream()) for _ in range(3)]
    await running.wait()
    async with asyncio.timeout(5):
        await sessions.delete("a")
    ended.append("deletion")
    await asyncio.gather(*streams, return_exceptions=True)
    assert ended == ["stream", "stream", "stream", "deletion"]
    with pytest.raises(SessionNotFound):
        await sessions.get("a")
    assert idle(sessions)


async def test_deleting_leaves_other_streams_alone(sessions: Sessions) -> None:
    ended: list[str] = []
    with sessions.streaming("a", lambda: ended.append("a")):
        with sessions.streaming("b", lambda: ended.append("b")):
            await sessions.delete("b")
        assert ended == ["b"]
    assert idle(sessions)


async def test_who_waits_for_a_session_that_is_deleted_is_told(sessions: Sessions) -> None:
    async def wait() -> None:
        async with sessions.turn("a"):
            pytest.fail("It was deleted.")

    async with sessions.turn("a"):
        deletion = asyncio.create_task(sessions.delete("a"))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
    await deletion
    with pytest.raises(SessionNotFound):
        await waiting
    assert idle(sessions)


async def test_a_session_that_is_not_there_is_not_deleted(sessions: Sessions) -> None:
    with pytest.raises(SessionNotFound):
        await sessions.delete("c")
    assert idle(sessions)
