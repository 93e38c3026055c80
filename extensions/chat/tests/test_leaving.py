"""Clients that leave, sessions that are deleted, and a server that goes down, at every point."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

import httpx
import pytest

from extensions.chat.tests.talking import ID, OLD, Gateway, Rounds, end, kept, said, serving
from gateway.core.errors import SessionNotFound
from gateway.core.events import TextDelta

PROMISED = 0.5
"""Seconds until Ollama is told that nobody listens any more."""

FOR_EVER = 60.0
DONE = f'event: done\ndata: {{"session_id":"{ID}"}}\n\n'


@asynccontextmanager
async def watching(gateway: Gateway, message: str | None = "Hi") -> AsyncGenerator[httpx.Response]:
    """A stream that has opened; leaving this is leaving the stream."""
    path = f"/api/v1/chat/{ID}/stream"
    async with gateway.http.stream("POST", path, json={"message": message}) as response:
        yield response


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def free(gateway: Gateway) -> None:
    """Wait until nobody holds the session."""
    async with asyncio.timeout(PROMISED), gateway.sessions.turn(ID):
        pass


async def test_before_the_first_token() -> None:
    backend = Rounds([FOR_EVER], said("Later."))
    async with serving(backend) as gateway:
        async with watching(gateway):
            await until(lambda: bool(backend.requests))
        async with asyncio.timeout(PROMISED):
            await backend.left.wait()
        await free(gateway)
        assert await kept(gateway.sessions) == [("user", "Hi")]


async def test_in_the_middle() -> None:
    backend = Rounds([[TextDelta("Once ")], [TextDelta("upon ")], FOR_EVER])
    async with serving(backend) as gateway:
        async with watching(gateway) as response:
            lines = response.aiter_lines()
            while "upon" not in await anext(lines):
                pass
        async with asyncio.timeout(PROMISED):
            await backend.left.wait()
        await free(gateway)
        assert await kept(gateway.sessions) == [("user", "Hi"), ("partial", "Once upon ")]


async def test_a_partial_answer_does_not_take_the_place_of_the_one_it_was_to_replace() -> None:
    backend = Rounds([[TextDelta("Good ")], FOR_EVER])
    async with serving(backend, *OLD) as gateway:
        async with watching(gateway, None) as response:
            await anext(response.aiter_lines())
        async with asyncio.timeout(PROMISED):
            await backend.left.wait()
        await free(gateway)
        assert await kept(gateway.sessions) == [("user", "Morning?"), ("assistant", "Yes.")]


async def test_a_whole_answer_that_nobody_waits_for() -> None:
    backend = Rounds([[TextDelta("Half ")], FOR_EVER])
    async with serving(backend) as gateway:
        with pytest.raises(httpx.ReadTimeout):
            await gateway.http.post(
                f"/api/v1/chat/{ID}", json={"message": "Hi"}, timeout=httpx.Timeout(5, read=0.1)
            )
        async with asyncio.timeout(PROMISED):
            await backend.left.wait()
        await free(gateway)
        assert await kept(gateway.sessions) == [("user", "Hi"), ("partial", "Half ")]


async def test_while_queued_behind_another_turn() -> None:
    backend = Rounds(said("Hello."))
    async with serving(backend) as gateway:
        async with gateway.sessions.turn(ID):
            async with watching(gateway, "Too late"):
                pass
            await asyncio.sleep(0.05)
        await free(gateway)
        assert await kept(gateway.sessions) == []
        assert backend.requests == []


async def test_pings_flow_while_a_turn_is_queued() -> None:
    async with serving(Rounds(said("Hello.")), ping=0.05) as gateway:
        async with gateway.sessions.turn(ID):
            stream = asyncio.create_task(gateway.stream())
            await asyncio.sleep(0.2)
        text = (await stream).text
        assert text.startswith(": ping\n\n: ping\n\n")
        assert text.endswith(DONE)
        assert "keep-alive" not in text


async def test_before_the_route_has_looked_at_the_session() -> None:
    """The client is gone before anybody listens for that."""
    backend = Rounds([FOR_EVER])
    async with serving(backend) as gateway:
        get, opened = gateway.sessions.get, asyncio.Event()

        async def slowly(id: str) -> object:
            opened.set()
            await asyncio.sleep(0.1)
            return await get(id)

        gateway.sessions.get = slowly  # type: ignore[assignment]
        leaving = asyncio.create_task(gateway.stream())
        await opened.wait()
        leaving.cancel()
        await asyncio.sleep(0.2)
        await free(gateway)


async def test_deleting_a_session_ends_its_streams() -> None:
    backend = Rounds([[TextDelta("Once ")], FOR_EVER])
    async with serving(backend) as gateway:
        running = asyncio.create_task(gateway.stream("Tell me"))
        await until(lambda: bool(backend.requests))
        queued = asyncio.create_task(gateway.stream("And then?"))
        whole = asyncio.create_task(gateway.chat("And then?"))
        await asyncio.sleep(0.05)
        async with asyncio.timeout(PROMISED):
            await gateway.sessions.delete(ID)
        for stream in (await running, await queued):
            assert stream.text.count("event: done") == 1
            assert '{"code":"SESSION_NOT_FOUND",' in stream.text
            assert stream.text.endswith(DONE)
        assert (await whole).status_code == 404
        assert backend.left.is_set()
        assert len(backend.requests) == 1
        with pytest.raises(SessionNotFound):
            await gateway.sessions.get(ID)


async def test_deleting_a_session_does_not_wait_for_a_client_that_reads_nothing() -> None:
    backend = Rounds([*[[TextDelta("x" * 60_000)] for _ in range(400)], FOR_EVER])
    async with serving(backend) as gateway, watching(gateway):
        await until(lambda: bool(backend.requests))
        await asyncio.sleep(0.2)
        async with asyncio.timeout(PROMISED):
            await gateway.sessions.delete(ID)
        assert backend.left.is_set()


async def test_a_server_that_goes_down_keeps_what_was_said() -> None:
    backend = Rounds([[TextDelta("Half ")], FOR_EVER])
    async with serving(backend) as gateway:
        stream = asyncio.create_task(gateway.stream())
        await until(lambda: bool(backend.requests))
        whole = asyncio.create_task(gateway.chat("And then?"))
        await asyncio.sleep(0.05)
    # The server is down, and gave the answers no more than its time of grace.
    assert (await whole).status_code == 503
    text = (await stream).text
    assert '{"code":"OVERLOADED","message":"The gateway is shutting down."' in text
    assert text.endswith(DONE)
    assert await kept(gateway.sessions) == [("user", "Hi"), ("partial", "Half ")]


async def test_clients_that_leave_at_any_moment_leave_a_whole_history_behind() -> None:
    before = asyncio.all_tasks()
    backend = Rounds([0.002, [TextDelta("Hi ")], 0.01, [TextDelta("there")], 0.002, [end()]])
    async with serving(backend) as gateway:
        for number in range(40):
            with suppress(TimeoutError):
                async with asyncio.timeout(number / 2000):
                    await gateway.stream(str(number))
        await free(gateway)
        history = await kept(gateway.sessions)
    asked = [content for who, content in history if who == "user"]
    assert asked == sorted(set(asked), key=int)
    for (who, content), (following, _) in pairwise([*history, ("user", "")]):
        match who:
            case "partial":
                assert content in ("Hi ", "Hi there")
            case "assistant":
                assert content == "Hi there"
        assert who == "user" or following == "user"
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before
