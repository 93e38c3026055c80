"""Servers that break off, fall silent, talk nonsense, talk too much, or take nothing."""

import asyncio
import time

import pytest

from adapters.tests.misbehaving import Peer, Script, answer, chunked, serving
from adapters.upstream.client import Limits, Timeouts, UpstreamClient
from adapters.upstream.connection import Connection
from adapters.upstream.errors import (
    ConnectionBroken,
    LimitExceeded,
    Malformed,
    Silent,
    UpstreamError,
)
from adapters.upstream.lines import Lines

pytestmark = pytest.mark.usefixtures("nothing_left")

MIB = 1024 * 1024
SHORT = Timeouts(first_byte=0.2, between_reads=0.2)
HEAD = b"HTTP/1.1 200 OK\r\n"
HALF = chunked(b"half a li", end=b"")


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


def saying(*pieces: bytes, then: str = "close", pause: float = 0) -> Script:
    """Reads a request, sends the pieces, and then closes, resets or falls silent."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(*pieces, pause=pause)
        if then == "reset":
            await peer.reset()
        if then == "silence":
            await peer.left()

    return script


async def received(
    script: Script, timeouts: Timeouts = SHORT
) -> tuple[bytes, UpstreamError | None]:
    """The body as far as it came, and how it ended."""
    body = b""
    async with serving(script) as server:
        client = UpstreamClient(server.url, timeouts=timeouts)
        try:
            with await client.open("POST", "/api/chat", b"{}") as response:
                while block := await response.block():
                    body += block
        except UpstreamError as error:
            return body, error
        else:
            return body, None
        finally:
            assert client.active == 0
            async with asyncio.timeout(2):
                await server.idle.wait() if client.idle == 0 else None
            await client.aclose()


BAD_ENDS = {
    "closed": (saying(), b"", ConnectionBroken),
    "reset": (saying(then="reset"), b"", ConnectionBroken),
    "silence": (saying(then="silence"), b"", Silent),
    "head-closed": (saying(HEAD), b"", ConnectionBroken),
    "head-reset": (saying(HEAD, then="reset"), b"", ConnectionBroken),
    "head-silence": (saying(HEAD, then="silence"), b"", Silent),
    "line-closed": (saying(HALF), b"half a li", ConnectionBroken),
    "line-reset": (saying(HALF, then="reset"), b"half a li", ConnectionBroken),
    "line-silence": (saying(HALF, then="silence"), b"half a li", Silent),
    "no-last-chunk": (saying(chunked(b"a\n", end=b"0\r\n")), b"a\n", ConnectionBroken),
    "short": (saying(answer(b"abc")[:-1]), b"ab", ConnectionBroken),
    "short-silence": (saying(answer(b"abc")[:-1], then="silence"), b"ab", Silent),
    "long": (saying(answer(b"abc") + b"d", then="silence"), b"abc", None),
    "uncounted-closed": (saying(HEAD + b"\r\nall"), b"all", None),
    "uncounted-reset": (saying(HEAD + b"\r\nal", then="reset"), b"al", ConnectionBroken),
    "uncounted-silence": (saying(HEAD + b"\r\nal", then="silence"), b"al", Silent),
    "garbage": (saying(b"garbage\r\n\r\n", then="silence"), b"", Malformed),
    "zeros": (saying(b"\x00" * 300_000, then="silence"), b"", Malformed),
    "bad-chunk": (saying(chunked(b"a", end=b"zz\r\n"), then="silence"), b"a", Malformed),
    "endless-header": (saying(HEAD + b"X: " + b"x" * 307_200, then="silence"), b"", LimitExceeded),
    "long-header": (saying(HEAD + b"X: " + b"x" * 307_200 + b"\r\n\r\n"), b"", LimitExceeded),
    "many-headers": (saying(HEAD + b"X: x\r\n" * 20_000 + b"\r\n"), b"", LimitExceeded),
}


@pytest.mark.parametrize(("script", "body", "error"), BAD_ENDS.values(), ids=BAD_ENDS)
async def test_bad_ends(script: Script, body: bytes, error: type[UpstreamError] | None) -> None:
    got, ended = await received(script)
    assert (got, type(ended)) == (body, error or type(None))


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (saying(), "The server closed the connection without an answer."),
        (saying(b"HTT"), "The server closed the connection in the middle of its answer."),
        (saying(then="silence"), "The server took the request and did not answer in time."),
        (
            saying(chunked(b"a", end=b""), then="silence"),
            "The server went silent in the middle of its answer.",
        ),
    ],
)
async def test_errors_say_what_happened(script: Script, sentence: str) -> None:
    _, error = await received(script)
    assert str(error) == sentence


async def test_time_outs_are_late_by_a_little_and_never_early() -> None:
    start = time.perf_counter()
    _, error = await received(saying(then="silence"), Timeouts(first_byte=0.2, between_reads=9))
    assert isinstance(error, Silent)
    assert 0.2 <= time.perf_counter() - start < 0.5
    start = time.perf_counter()
    _, error = await received(
        saying(chunked(b"a", end=b""), then="silence"), Timeouts(first_byte=9, between_reads=0.2)
    )
    assert isinstance(error, Silent)
    assert 0.2 <= time.perf_counter() - start < 0.5


async def test_slow_drip_of_body_is_no_silence() -> None:
    data = chunked(b"drip", b"drop")
    head, body = data[:-20], [data[at : at + 1] for at in range(len(data) - 20, len(data))]
    timeouts = Timeouts(first_byte=0.2, between_reads=0.2)
    assert await received(saying(head, *body, pause=0.02), timeouts) == (b"dripdrop", None)


async def test_slow_drip_of_a_head_is() -> None:
    drip = [HEAD, *[b"A"] * 100]
    got, error = await received(saying(*drip, pause=0.02))
    assert (got, type(error)) == (b"", Silent)


async def test_slow_reader_does_not_make_the_server_look_silent() -> None:
    async with serving(saying(chunked(b"a"), then="silence")) as server:
        client = UpstreamClient(server.url, timeouts=Timeouts(between_reads=0.05))
        with await client.open("GET", "/") as response:
            await asyncio.sleep(0.2)
            assert await response.read(9) == b"a"
        await client.aclose()


async def read_lines(client: UpstreamClient, limit: int) -> None:
    with await client.open("GET", "/") as response:
        lines = Lines(limit)
        while block := await response.block():
            assert len(block) <= 768 * 1024
            lines.feed(block)


async def test_line_of_64_mib_is_cut_off_within_bounded_memory() -> None:
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(HEAD + b"\r\n")
        for _ in range(64):
            await peer.send(b"x" * MIB)
            sent += MIB

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with pytest.raises(LimitExceeded):
            await read_lines(client, MIB)
        async with asyncio.timeout(2):
            await server.idle.wait()
        await client.aclose()
    assert sent < 32 * MIB


async def test_sender_is_paused_while_nobody_reads() -> None:
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MIB))
        for _ in range(256):
            await peer.send(b"x" * (MIB // 4))
            sent += MIB // 4

    async with serving(script) as server:
        client = UpstreamClient(server.url, limits=Limits(buffered_bytes=128 * 1024))
        with await client.open("GET", "/") as response:
            await asyncio.sleep(0.2)
            paused_at = sent
            await asyncio.sleep(0.1)
            assert sent == paused_at < 24 * MIB  # the kernel's buffers, and one read of ours
            first = await response.block()
            assert len(first) <= 512 * 1024
            async with asyncio.timeout(10):
                assert len(await response.read(64 * MIB)) == 64 * MIB - len(first)
        assert (client.active, client.idle) == (0, 1)
        await client.aclose()


async def test_big_request_goes_out_as_fast_as_it_is_taken() -> None:
    taken = 0

    async def script(peer: Peer) -> None:
        nonlocal taken
        await peer.reader.readuntil(b"\r\n\r\n")
        while taken < 24 * MIB:
            await asyncio.sleep(0.001)
            taken += len(await peer.reader.read(4 * MIB))
        await peer.send(answer(b"thanks"))
        await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with await client.open("POST", "/", b"x" * 24 * MIB) as response:
            assert await response.read(10) == b"thanks"
        assert (taken, client.idle) == (24 * MIB, 1)
        await client.aclose()


async def test_server_that_takes_nothing_is_silent() -> None:
    async def script(peer: Peer) -> None:
        await asyncio.sleep(5)

    async with serving(script) as server:
        client = UpstreamClient(server.url, timeouts=Timeouts(first_byte=0.1))
        with pytest.raises(Silent, match="took the request"):
            await client.open("POST", "/", b"x" * 32 * MIB)
        assert client.active == 0
        await client.aclose()


async def test_early_answer_stops_the_upload_and_spoils_the_connection() -> None:
    taken = 0

    async def script(peer: Peer) -> None:
        nonlocal taken
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(answer(b"too large", "413 Content Too Large"))
        while block := await peer.reader.read(MIB):
            taken += len(block)

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with await client.open("POST", "/", b"x" * 32 * MIB) as response:
            assert (response.status, await response.read(99)) == (413, b"too large")
            await asyncio.sleep(0.1)
            assert taken < 16 * MIB
        assert (client.active, client.idle) == (0, 0)
        await client.aclose()


async def test_server_that_dies_during_the_upload() -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.reset()

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with pytest.raises(ConnectionBroken, match="without an answer"):
            await client.open("POST", "/", b"x" * 32 * MIB)
        assert (client.active, client.opened) == (0, 1)
        await client.aclose()


@pytest.mark.parametrize("more", [answer(), b"x", b"\r\n"])
async def test_server_that_goes_on_after_the_end_is_hung_up_on(more: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"whole"))
        await asyncio.sleep(0.02)
        await peer.send(more)
        await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with await client.open("GET", "/") as response:
            async with asyncio.timeout(1):
                await server.idle.wait()
            assert await response.read(99) == b"whole"
        assert (client.active, client.idle) == (0, 0)
        await client.aclose()


async def test_answer_that_comes_with_the_deadline_is_in_time() -> None:
    async with serving(saying(then="silence")) as server:
        loop = asyncio.get_running_loop()
        port = int(server.url.rpartition(":")[2])
        _, connection = await loop.create_connection(
            lambda: Connection(Limits(), lambda _: None, lambda _: None), "127.0.0.1", port
        )
        connection.send(b"GET / HTTP/1.1\r\n\r\n", b"")
        waiting = connection.wait(1)
        await asyncio.sleep(0)
        connection.data_received(answer(b"just"))
        connection.expire()
        await waiting
        assert (connection.answer.take(), connection.reusable) == (b"just", True)
        connection.abort(ConnectionBroken("enough"))


async def test_pool_survives_many_failures() -> None:
    scripts = [
        saying(then="reset"),
        saying(HEAD),
        saying(b"garbage\r\n\r\n"),
        saying(chunked(b"a", end=b"")),
        saying(chunked(b"a", end=b"zz")),
    ]

    async def script(peer: Peer) -> None:
        await (scripts[peer.number % 5] if peer.number <= 180 else saying(answer(b"good")))(peer)

    async def attempt(client: UpstreamClient) -> bytes:
        try:
            with await client.open("GET", "/") as response:
                return await response.read(10)
        except UpstreamError:
            return b""

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        for _ in range(18):
            assert await asyncio.gather(*[attempt(client) for _ in range(10)]) == [b""] * 10
        assert (client.active, client.idle) == (0, 0)
        assert [await attempt(client) for _ in range(40)] == [b"good"] * 40
        await client.aclose()
