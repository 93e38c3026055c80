"""Deadlines and refusals on a real socket, with short limits."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from gateway.serving.server import GatewayServer, listen
from gateway.serving.service import Deadlines

SHORT = Deadlines(head=0.3, body=0.4, idle=0.3, write=0.5, linger=0.2)
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Recorded:
    """An application that reads its body and answers `size` bytes, and notes what it saw."""

    def __init__(self, size: int = 5, delay: float = 0) -> None:
        self.size = size
        self.delay = delay
        self.seen: list[str] = []
        self.sent = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            return await send({"type": "lifespan.shutdown.complete"})
        self.seen.append(scope["path"])
        while (message := await receive()).get("more_body"):
            pass
        if message["type"] == "http.disconnect":
            self.seen.append("gone")
            return None
        await asyncio.sleep(self.delay)
        length = [(b"content-length", b"%d" % self.size)]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        for _ in range(0, self.size, 65536):
            piece = b"x" * min(self.size, 65536)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        self.seen.append("sent")
        self.sent.set()
        return None


@asynccontextmanager
async def connected(
    app: Recorded, deadlines: Deadlines = SHORT
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with GatewayServer(app, listen("127.0.0.1", 0), grace=0, deadlines=deadlines) as server:
        reader, writer = await asyncio.open_connection(*server.address)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


def refusal(answer: bytes, status: int) -> str:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"content-type: application/json" in head
    assert b"connection: close" in head
    error = json.loads(body)["error"]
    assert error == error | {"type": "invalid_request_error", "param": None, "code": None}
    return str(error["message"])


async def trickle(writer: asyncio.StreamWriter, piece: bytes, pause: float = 0.05) -> None:
    """The same bytes every 50 ms, until the connection is closed."""
    while not writer.is_closing():
        writer.write(piece)
        await asyncio.sleep(pause)


async def test_a_connection_that_says_nothing_is_closed() -> None:
    async with connected(Recorded()) as (reader, _), asyncio.timeout(2):
        assert await reader.read() == b""


async def test_a_head_that_trickles_in_is_refused_at_its_deadline() -> None:
    started = time.monotonic()
    async with connected(Recorded()) as (reader, writer), asyncio.timeout(2):
        writer.write(b"GET / HTTP/1.1\r\n")
        trickling = asyncio.create_task(trickle(writer, b"X-Slow: 1\r\n"))
        assert refusal(await reader.read(), 408) == "The request's head did not arrive in time."
        trickling.cancel()
    assert 0.3 <= time.monotonic() - started < 1


async def test_a_body_that_trickles_in_is_refused_and_the_application_is_told() -> None:
    app = Recorded()
    async with connected(app) as (reader, writer), asyncio.timeout(2):
        writer.write(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        trickling = asyncio.create_task(trickle(writer, b"x"))
        assert refusal(await reader.read(), 408) == "The request's body did not arrive in time."
        trickling.cancel()
    assert app.seen == ["/slow", "gone"]


async def test_a_connection_between_two_requests_is_closed_when_idle() -> None:
    async with connected(Recorded()) as (reader, writer), asyncio.timeout(2):
        writer.write(REQUEST)
        await reader.readuntil(b"xxxxx")
        writer.write(b"\r\n")  # an empty line begins no request, so it must not win any time
        assert await reader.read() == b""


async def test_a_later_request_has_a_deadline_of_its_own() -> None:
    async with connected(Recorded()) as (reader, writer), asyncio.timeout(2):
        for _ in range(3):
            writer.write(REQUEST)
            await reader.readuntil(b"xxxxx")
            await asyncio.sleep(0.15)
        writer.write(b"GET / HT")
        refusal(await reader.read(), 408)


async def test_an_application_may_take_its_time() -> None:
    async with connected(Recorded(delay=0.8)) as (reader, writer), asyncio.timeout(2):
        writer.write(REQUEST)
        assert (await reader.readuntil(b"xxxxx")).startswith(b"HTTP/1.1 200 OK")


async def test_a_client_that_takes_nothing_of_its_answer_is_dropped() -> None:
    app = Recorded(size=64 * 1024 * 1024)
    async with connected(app) as (reader, writer), asyncio.timeout(5):
        reading = cast(asyncio.Transport, writer.transport)
        reading.pause_reading()
        writer.write(REQUEST)
        await app.sent.wait()  # to nowhere: the write that was stuck came back
        reading.resume_reading()
        assert len(await reader.read()) < app.size


async def test_a_client_that_reads_slowly_is_not_dropped() -> None:
    app = Recorded(size=8 * 1024 * 1024)
    async with connected(app) as (reader, writer), asyncio.timeout(5):
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n")
        received = 0
        while received < app.size:
            received += len(await reader.read(400_000))
            await asyncio.sleep(0.05)
    assert received == app.size


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n",
        "GET /ü HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused_in_our_shape(request_bytes: bytes) -> None:
    app = Recorded()
    async with connected(app, Deadlines()) as (reader, writer), asyncio.timeout(2):
        writer.write(request_bytes)
        assert refusal(await reader.read(), 400) == "The request is not valid HTTP/1.1."
    assert app.seen == []


async def test_a_body_with_broken_chunks_is_refused() -> None:
    app = Recorded()
    async with connected(app, Deadlines()) as (reader, writer), asyncio.timeout(2):
        writer.write(b"POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        said = refusal(await reader.read(), 400)
    assert said == "The request's body is not framed as HTTP/1.1 asks."


async def test_garbage_after_a_request_never_gets_an_answer_of_its_own() -> None:
    async with connected(Recorded(delay=0.2), Deadlines()) as (reader, writer), asyncio.timeout(2):
        writer.write(REQUEST)
        await asyncio.sleep(0.05)
        writer.write(b"\x00\x01 garbage\r\n\r\n")
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.count(b"HTTP/1.1") == 1


async def test_an_endless_head_is_refused_before_it_fills_the_memory() -> None:
    async with connected(Recorded(), Deadlines()) as (reader, writer), asyncio.timeout(5):
        writer.write(b"GET / HTTP/1.1\r\n")
        sending = asyncio.create_task(trickle(writer, b"X-Long: " + b"a" * 10_000 + b"\r\n", 0))
        assert refusal(await reader.read(), 431) == "The request's head is larger than 64 KiB."
        sending.cancel()


async def test_a_large_body_does_not_count_for_the_head_behind_it() -> None:
    app = Recorded()
    async with connected(app, Deadlines()) as (reader, writer), asyncio.timeout(5):
        body = b"x" * 200_000
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + body)
        writer.write(b"GET /second HTTP/1.1\r\nHo")
        await reader.readuntil(b"xxxxx")
        writer.write(b"st: x\r\n\r\n")
        await reader.readuntil(b"xxxxx")
    assert app.seen == ["/", "sent", "/second", "sent"]


async def test_a_refused_client_that_goes_on_sending_is_closed_after_a_while() -> None:
    async with connected(Recorded()) as (reader, writer), asyncio.timeout(2):
        writer.write(b"no HTTP at all\r\n\r\n")
        refusal(await reader.read(), 400)
        await trickle(writer, b"x")


async def test_an_offer_to_upgrade_is_answered_in_plain_http() -> None:
    async with connected(Recorded(), Deadlines()) as (reader, writer), asyncio.timeout(2):
        offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
        writer.write(
            b"POST / HTTP/1.1\r\nHost: x\r\n" + offer + b"Content-Length: 2\r\n\r\n{}" + REQUEST
        )
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"connection: close" in answer
    assert answer.count(b"HTTP/1.1") == 1


async def test_pipelined_requests_are_answered_in_order() -> None:
    app = Recorded()
    async with connected(app, Deadlines()) as (reader, writer), asyncio.timeout(2):
        writer.write(REQUEST + REQUEST.replace(b"/ ", b"/second "))
        for _ in range(2):
            await reader.readuntil(b"xxxxx")
    assert app.seen == ["/", "sent", "/second", "sent"]
