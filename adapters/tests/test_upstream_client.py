"""The client against a server that behaves."""

import asyncio

import pytest

from adapters.tests.misbehaving import Peer, answer, chunked, serving
from adapters.upstream.client import Timeouts, UpstreamClient
from adapters.upstream.errors import ConnectionBroken, LimitExceeded

pytestmark = pytest.mark.usefixtures("nothing_left")


async def test_request_goes_out_whole_and_in_one_spelling() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.send(answer(b'{"version":"1"}'))

    async with serving(script) as server:
        client = UpstreamClient(f"{server.url}/prefix/", user_agent="mochi-gateway/1")
        with await client.open("POST", "/api/chat", b'{"a":1}') as response:
            assert (response.status, response.content_type) == (200, "application/json")
            assert await response.read(100) == b'{"version":"1"}'
        await client.aclose()
    authority = server.url.removeprefix("http://")
    assert client.authority == authority
    assert seen == [
        b"POST /prefix/api/chat HTTP/1.1\r\nHost: " + authority.encode() + b"\r\n"
        b"User-Agent: mochi-gateway/1\r\nAccept-Encoding: identity\r\n"
        b'Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
    ]


async def test_blocks_come_as_the_server_sends_them() -> None:
    next_line = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(chunked(end=b""))
        for n in range(3):
            await next_line.wait()
            next_line.clear()
            await peer.send(b"2\r\n%d\n\r\n" % n)
        await next_line.wait()
        await peer.send(b"0\r\n\r\n")

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with await client.open("POST", "/api/chat", b"{}") as response:
            for expected in (b"0\n", b"1\n", b"2\n", b"", b""):
                next_line.set()
                assert await response.block() == expected
            assert client.active == 1
        assert (client.active, client.idle, client.opened) == (0, 1, 1)
        await client.aclose()


async def test_statuses_and_pages_pass_through() -> None:
    pages = [
        ("503 Service Unavailable", "Retry-After: 7\r\n", b'{"error":"busy"}'),
        ("302 Found", "Location: http://127.0.0.1:9/\r\nSet-Cookie: a=b\r\n", b""),
        ("200 OK", "", b"<!doctype html><title>Proxy</title>"),
    ]

    async def script(peer: Peer) -> None:
        for status, headers, body in pages:
            assert b"Cookie" not in await peer.request()
            await peer.send(answer(body, status, headers))

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        for status, _, body in pages:
            with await client.open("GET", "/") as response:
                assert response.status == int(status[:3])
                assert response.headers.get("retry-after") == ("7" if body[:2] == b'{"' else None)
                assert await response.read(100) == body
        await client.aclose()
    assert server.connections == 1


async def test_answer_without_a_body() -> None:
    async def script(peer: Peer) -> None:
        for start in (b"HEAD", b"GET", b"GET"):
            request = await peer.request()
            assert request.startswith(start)
            if start == b"HEAD":
                await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n")
                return
            await peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with await client.open("HEAD", "/") as response:
            assert response.headers["content-length"] == "17"
            assert await response.read(0) == b""
        await client.aclose()


@pytest.mark.parametrize(
    "whole",
    [answer(b"x" * 1000), chunked(b"x" * 999, b"x"), b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1000],
)
async def test_read_takes_up_to_the_limit_and_no_more(whole: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(whole)

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with await client.open("GET", "/") as response:
            assert await response.read(1000) == b"x" * 1000
        response = await client.open("GET", "/")
        with response, pytest.raises(LimitExceeded, match="larger than 999 bytes"):
            await response.read(999)
        await client.aclose()


async def test_announced_body_over_the_limit_is_not_waited_for() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with await client.open("GET", "/") as response:
            async with asyncio.timeout(1):
                with pytest.raises(LimitExceeded):
                    await response.read(1000)
        await client.aclose()


async def test_closed_response_gives_nothing_more() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"unread"))
        await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        response = await client.open("GET", "/")
        response.close()
        response.close()
        assert (client.active, client.idle) == (0, 1)
        with pytest.raises(ConnectionBroken, match="closed"):
            await response.block()
        await client.aclose()


@pytest.mark.parametrize(
    ("last", "kept"), [(b"0\r\n\r\n", 1), (b"", 0), (b"4\r\nmore\r\n", 0), (b"zz\r\n", 0)]
)
async def test_finishing_waits_for_the_end_of_the_framing_alone(last: bytes, kept: int) -> None:
    said = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(chunked(b"all\n", end=b""))
        await said.wait()
        await asyncio.sleep(0.02)
        await peer.send(last)
        await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url, timeouts=Timeouts(between_reads=0.2))
        response = await client.open("GET", "/")
        assert await response.block() == b"all\n"
        said.set()
        async with asyncio.timeout(1):
            await response.finish(0.1)
        assert (client.active, client.idle) == (0, kept)
        await client.aclose()


async def test_two_readers_of_one_answer_are_a_mistake() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(chunked(end=b""))
        await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with await client.open("GET", "/") as response:
            first = asyncio.create_task(response.block())
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError):
                await response.block()
        with pytest.raises(ConnectionBroken):
            await first
        await client.aclose()


async def test_aclose_ends_what_runs() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(chunked(b"first", end=b""))
        await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with await client.open("GET", "/") as response:
            assert await response.block() == b"first"
            waiting = asyncio.create_task(response.block())
            await asyncio.sleep(0)
            await client.aclose()
            await client.aclose()
            with pytest.raises(ConnectionBroken, match=r"^The client is closed\.$"):
                await waiting
        assert (client.active, client.idle) == (0, 0)


async def test_what_had_arrived_before_aclose_can_still_be_read() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 4_000_000)

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with await client.open("GET", "/") as response:
            await asyncio.sleep(0.05)  # more has come than is held, so the server is paused
            await client.aclose()
            assert 256 * 1024 < len(await response.block()) < 4_000_000
            with pytest.raises(ConnectionBroken):
                await response.block()


async def test_client_needs_no_event_loop_to_be_made() -> None:
    client = await asyncio.to_thread(UpstreamClient, "localhost")
    assert (client.opened, client.active, client.idle) == (0, 0, 0)
