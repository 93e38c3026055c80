"""WebSockets on a real socket: the handshake, hostile frames, and every way to end."""

import asyncio
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from gateway.http.draining import while_draining
from gateway.http.websockets import announce_websockets
from gateway.serving.server import GatewayServer, listen
from gateway.serving.service import Deadlines
from gateway.tests.test_serving_server import ROOT, lifespan

SHORT = Deadlines(head=0.3, body=0.3, idle=0.3, write=0.3, linger=0.2)
LIMIT = 1000
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Echo:
    """Says again what it hears, in a WebSocket; `flood` sends for ever, `refuse` does not let in.

    Anything in HTTP is answered with 200. `ended` holds the codes of the disconnects.
    """

    def __init__(self) -> None:
        self.ended = asyncio.Queue[int]()
        self.drained = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            announce_websockets(scope, ["/ws", "/ws/refuse"], LIMIT)
            await lifespan(receive, send)
            return
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"plain"})
            return
        assert "method" not in scope  # ASGI has none for WebSockets
        assert await receive() == {"type": "websocket.connect"}
        if scope["path"].endswith("refuse"):
            start = {"type": "websocket.http.response.start", "status": 403, "headers": []}
            await send(start)
            await send({"type": "websocket.http.response.body", "body": b"no"})
            return
        await send({"type": "websocket.accept", "headers": [(b"x-request-id", b"req_1")]})
        with while_draining(scope, self.drain):
            await self._talk(receive, send)

    def drain(self) -> None:
        self.drained += 1

    async def _talk(self, receive: Any, send: Any) -> None:
        while (event := await receive())["type"] == "websocket.receive":
            match event.get("text"):
                case "bye":
                    await send({"type": "websocket.close", "code": 4000, "reason": "as asked"})
                case "break":
                    raise RuntimeError("broken")
                case "nap":
                    await asyncio.sleep(0.2)
                case "return":
                    return
                case "flood":
                    for _ in range(10_000):
                        await send({"type": "websocket.send", "text": "x" * 10_000})
                case text:
                    await send(
                        {"type": "websocket.send", "text": text, "bytes": event.get("bytes")}
                    )
        self.ended.put_nowait(event["code"])
        assert await receive() == event


@asynccontextmanager
async def served(
    app: Any, *, grace: float = 1, deadlines: Deadlines | None = None
) -> AsyncIterator[GatewayServer]:
    """A server that is left with nothing of it: no connection, no task, no descriptor."""
    before, open_before = asyncio.all_tasks(), descriptors()
    sockets = listen("127.0.0.1", 0)
    async with GatewayServer(app, sockets, grace=grace, deadlines=deadlines) as server:
        yield server
    assert not server._service.connections
    assert not server._service.exchanges
    async with asyncio.timeout(2):
        while asyncio.all_tasks() - before or descriptors() > open_before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def descriptors() -> int:
    return sum(Path(each).is_socket() for each in Path("/proc/self/fd").iterdir())


def opened(server: GatewayServer, path: str = "/ws", **options: Any) -> connect:
    url = server.url.replace("http", "ws") + path
    return connect(url, proxy=None, max_size=None, **options)


@asynccontextmanager
async def raw(
    server: GatewayServer,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection behind its handshake, for frames that no client would send."""
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(HANDSHAKE)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def frame(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


async def closed_with(reader: asyncio.StreamReader) -> int:
    """The code of the close frame that ends what is read."""
    async with asyncio.timeout(3):
        rest = await reader.read()
    at = rest.rindex(b"\x88")
    return int(struct.unpack("!H", rest[at + 2 : at + 4])[0])


async def closing_code(client: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as caught:
        async with asyncio.timeout(3):
            await client.recv()
    assert caught.value.rcvd is not None
    return int(caught.value.rcvd.code)


async def test_text_and_bytes_go_both_ways_whole_and_in_pieces() -> None:
    echo = Echo()
    async with served(echo) as server:
        async with opened(server) as client:
            await client.send("Grüße")
            assert await client.recv() == "Grüße"
            await client.send(b"\xff\x00")
            assert await client.recv() == b"\xff\x00"
            await client.send(["a", "b", "c"])
            assert await client.recv() == "abc"
            assert await (await client.ping()) >= 0
        assert await echo.ended.get() == 1000


async def test_the_answer_to_the_handshake_has_the_headers_of_any_answer() -> None:
    async with served(Echo()) as server:
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(HANDSHAKE)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        writer.transport.abort()
    assert head.startswith(b"http/1.1 101 ")
    assert b"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n" in head
    assert b"x-request-id: req_1\r\n" in head
    assert head.count(b"date: ") == head.count(b"connection: upgrade\r\n") == 1


@pytest.mark.parametrize(
    "offer",
    [
        HANDSHAKE.replace(b"/ws", b"/other"),
        HANDSHAKE.replace(b"websocket\r\n", b"h2c\r\n"),
        HANDSHAKE.replace(b"websocket\r\n", b"h2c\r\nUpgrade: websocket\r\n"),
        HANDSHAKE.replace(b"GET", b"POST"),
        HANDSHAKE.replace(b"Connection: Upgrade", b"Connection: close"),
    ],
    ids=["path", "protocol", "two", "method", "connection"],
)
async def test_what_is_no_handshake_here_is_answered_in_plain_http(offer: bytes) -> None:
    async with served(Echo()) as server, asyncio.timeout(3):
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(offer)
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"plain" in answer


async def test_a_handshake_behind_another_request_is_answered_in_plain_http() -> None:
    async with served(Echo()) as server, asyncio.timeout(3):
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + HANDSHAKE)
        answer = await reader.read()
        writer.close()
    assert answer.count(b"HTTP/1.1 200 ") == 2


@pytest.mark.parametrize(
    ("right", "wrong"),
    [(b"Version: 13", b"Version: 12"), (b"dGhlIHNhbXBsZSBub25jZQ==", b"short"), (b"Sec-W", b"X-W")],
)
async def test_a_handshake_with_a_mistake_is_refused(right: bytes, wrong: bytes) -> None:
    async with served(Echo()) as server, asyncio.timeout(3):
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(HANDSHAKE.replace(right, wrong))
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"sec-websocket-version: 13\r\n" in answer


async def test_the_application_refuses_with_an_answer_of_its_own() -> None:
    async with served(Echo()) as server:
        with pytest.raises(InvalidStatus) as caught:
            await opened(server, "/ws/refuse")
    assert caught.value.response.status_code == 403
    assert caught.value.response.body == b"no"


async def test_the_application_closes_with_a_code() -> None:
    async with served(Echo()) as server, opened(server) as client:
        await client.send("bye")
        assert await closing_code(client) == 4000


@pytest.mark.parametrize(("word", "code"), [("return", 1000), ("break", 1011)])
async def test_an_application_that_ends_closes_the_connection(word: str, code: int) -> None:
    async with served(Echo()) as server, opened(server) as client:
        await client.send(word)
        assert await closing_code(client) == code


async def test_a_client_that_vanishes_is_told_to_the_application() -> None:
    echo = Echo()
    async with served(echo) as server:
        async with raw(server):
            pass
        async with asyncio.timeout(2):
            assert await echo.ended.get() == 1006


async def test_a_client_that_vanishes_while_nobody_reads_ends_what_is_sent() -> None:
    echo = Echo()
    async with served(echo) as server:
        async with raw(server) as (_, writer):
            writer.write(frame(Opcode.TEXT, b"flood"))
            await asyncio.sleep(0.1)
        async with asyncio.timeout(3):
            assert await echo.ended.get() == 1006


async def test_messages_of_a_client_that_vanished_are_read_to_their_end() -> None:
    """They were too many at once, so that its going was noticed only by writing to it."""
    echo = Echo()
    async with served(echo) as server:
        async with raw(server) as (_, writer):
            writer.write(frame(Opcode.TEXT, b"nap") + frame(Opcode.TEXT, b"x" * 900) * 200)
            await asyncio.sleep(0.1)
        async with asyncio.timeout(3):
            assert await echo.ended.get() == 1006


@pytest.mark.parametrize(
    ("hostile", "code"),
    [
        (frame(Opcode.TEXT, b"x" * (LIMIT + 1)), 1009),
        (frame(Opcode.TEXT, b"x" * 600, fin=False) + frame(Opcode.CONT, b"x" * 600), 1009),
        (frame(Opcode.TEXT, b"\xff\xfe"), 1007),
        (frame(Opcode.CONT, b"x"), 1002),
        (frame(Opcode.TEXT, b"x", fin=False) + frame(Opcode.TEXT, b"y"), 1002),
        (Frame(Opcode.TEXT, b"x").serialize(mask=False), 1002),
        (b"\xc1" + frame(Opcode.TEXT, b"x")[1:], 1002),
        (b"\x83" + frame(Opcode.TEXT, b"x")[1:], 1002),
        (b"GET / HTTP/1.1\r\n\r\n" * 10, 1002),
    ],
    ids=["large", "pieces", "utf8", "cont", "text", "unmasked", "reserved", "opcode", "http"],
)
async def test_hostile_frames_end_the_connection_with_a_reason(hostile: bytes, code: int) -> None:
    echo = Echo()
    async with served(echo) as server, raw(server) as (reader, writer):
        writer.write(hostile + frame(Opcode.TEXT, b"never heard") * 3)
        assert await closed_with(reader) == code
        assert await echo.ended.get() == code


async def test_a_flood_of_pings_ends_the_connection() -> None:
    async with served(Echo()) as server, raw(server) as (reader, writer):
        writer.write(frame(Opcode.PING, b"") * 20_000)
        assert await closed_with(reader) == 1008


async def test_pieces_without_end_or_content_take_no_room() -> None:
    async with served(Echo()) as server, raw(server) as (reader, writer):
        writer.write(frame(Opcode.TEXT, b"x", fin=False) + frame(Opcode.CONT, b"", fin=False) * 9)
        writer.write(frame(Opcode.CONT, b"y"))
        assert await reader.readexactly(4) == b"\x81\x02xy"


@pytest.mark.parametrize(
    "half",
    [frame(Opcode.TEXT, b"x" * 100)[:50], frame(Opcode.TEXT, b"x", fin=False)],
    ids=["frame", "message"],
)
async def test_a_message_that_never_becomes_whole_has_a_deadline(half: bytes) -> None:
    began = time.monotonic()
    async with served(Echo(), deadlines=SHORT) as server, raw(server) as (reader, writer):
        writer.write(half)
        assert await closed_with(reader) == 1008
    assert 0.3 <= time.monotonic() - began < 2


async def test_messages_one_after_the_other_have_a_deadline_each() -> None:
    async with served(Echo(), deadlines=SHORT) as server, raw(server) as (reader, writer):
        message = frame(Opcode.TEXT, b"x" * 100)
        for _ in range(12):  # of 0.06 s each, always with half a message on its way
            writer.write(message[50:] if _ else message + message[:50])
            await asyncio.sleep(0.03)
            writer.write(message[:50] if _ else b"")
            await asyncio.sleep(0.03)
        assert len(await reader.readexactly(12 * 102)) == 12 * 102


async def test_a_client_that_takes_nothing_is_given_up() -> None:
    echo = Echo()
    async with served(echo, deadlines=SHORT) as server, raw(server) as (_, writer):
        writer.write(frame(Opcode.TEXT, b"flood"))
        async with asyncio.timeout(3):
            assert await echo.ended.get() == 1006


async def test_a_client_that_does_not_close_is_closed() -> None:
    async with served(Echo(), deadlines=SHORT) as server, raw(server) as (reader, writer):
        writer.write(frame(Opcode.TEXT, b"bye"))
        assert await closed_with(reader) == 4000


async def test_silence_is_asked_about_and_only_the_dead_are_given_up() -> None:
    deadlines = Deadlines(head=0.3, body=0.3, idle=0.6, write=0.3, linger=0.2)
    echo = Echo()
    async with served(echo, deadlines=deadlines) as server:
        async with opened(server, ping_interval=None) as client, raw(server) as (reader, _):
            async with asyncio.timeout(3):
                assert await reader.read() == b"\x89\x00"  # a ping, which nobody answers
                await client.send("still here")
                assert await client.recv() == "still here"
        assert {await echo.ended.get(), await echo.ended.get()} == {1006, 1000}


async def test_the_end_of_the_server_is_told_and_waits_for_no_idle_client() -> None:
    """An application that does not close by itself is cancelled at the end of the grace."""
    echo = Echo()
    async with served(echo, grace=0.2) as server:
        client = await opened(server)
        await client.send("x")
        assert await client.recv() == "x"
        leaving = time.monotonic()
    assert time.monotonic() - leaving < 2.5
    assert echo.drained == 1
    assert await closing_code(client) == 1000


async def test_a_client_that_leaves_is_not_told_of_the_end() -> None:
    echo = Echo()
    async with served(echo) as server:
        async with opened(server):
            pass
        await echo.ended.get()
    assert echo.drained == 0


def test_the_protocol_is_imported_with_the_first_handshake() -> None:
    code = """
import sys, gateway.assembly, gateway.commands.serve
assert not {"websockets", "gateway.serving.websocket"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
