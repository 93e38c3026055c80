"""A task that is cancelled, at every point where the client can wait."""

import asyncio

import pytest

from adapters.tests.misbehaving import Peer, Script, answer, chunked, serving
from adapters.upstream.client import UpstreamClient

pytestmark = pytest.mark.usefixtures("nothing_left")

NOWHERE = ".".join(["x" * 63] * 3 + ["x" * 62])
"""A name longer than names may be, so that no resolver is asked."""

MIB = 1024 * 1024


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


async def before_the_head(peer: Peer) -> None:
    await peer.request()
    await peer.left()


async def in_the_head(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\n")
    await peer.left()


async def before_the_body(peer: Peer) -> None:
    await peer.request()
    await peer.send(chunked(end=b""))
    await peer.left()


async def in_the_body(peer: Peer) -> None:
    await peer.request()
    await peer.send(chunked(b"first", end=b""))
    await peer.left()


async def streaming_fast(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        await peer.send(b"x" * MIB)


async def in_the_upload(peer: Peer) -> None:
    await peer.reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0.1)
    await peer.left()


async def read_all(client: UpstreamClient, body: bytes = b"{}") -> None:
    with await client.open("POST", "/api/chat", body) as response:
        while await response.block():
            pass


@pytest.mark.parametrize(
    ("script", "size"),
    [
        (before_the_head, 2),
        (in_the_head, 2),
        (before_the_body, 2),
        (in_the_body, 2),
        (streaming_fast, 2),
        (in_the_upload, 64 * MIB),
    ],
)
async def test_server_sees_the_connection_end(script: Script, size: int) -> None:
    async with serving(script) as server:
        client = UpstreamClient(server.url)
        task = asyncio.create_task(read_all(client, b"x" * size))
        await asyncio.sleep(0.05)
        assert (client.active, task.done()) == (1, False)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (client.active, client.idle) == (0, 0)
        async with asyncio.timeout(0.5):
            await server.idle.wait()
        await client.aclose()


async def test_in_the_tls_handshake() -> None:
    async with serving(Peer.left) as server:
        client = UpstreamClient(server.url.replace("http:", "https:"))
        task = asyncio.create_task(read_all(client))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(0.5):
            await server.idle.wait()
        assert (client.active, client.opened) == (0, 0)
        await client.aclose()


async def test_while_the_name_is_looked_up() -> None:
    client = UpstreamClient(f"http://{NOWHERE}")
    task = asyncio.create_task(read_all(client))
    asyncio.get_running_loop().call_soon(task.cancel)  # no later: the failure may be quick
    with pytest.raises(asyncio.CancelledError):
        await task
    assert client.active == 0
    await client.aclose()


@pytest.mark.parametrize("turns", range(25))
@pytest.mark.parametrize("reused", [False, True])
async def test_in_every_turn_of_the_loop(turns: int, reused: bool) -> None:
    """Connecting, connected, written, head, blocks, end: wherever that many turns lead."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(chunked(b"a" * 100, b"b" * 100))

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        if reused:
            await read_all(client)
        task = asyncio.create_task(read_all(client))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert client.active == 0
        await read_all(client)
        assert (client.active, client.idle) == (0, 1)
        await client.aclose()


async def test_one_of_many_harms_no_other() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(0.05)
        await peer.send(answer(b"x" * 10))
        await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        tasks = [asyncio.create_task(read_all(client)) for _ in range(20)]
        await asyncio.sleep(0.02)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.wait(tasks)
        assert [task.cancelled() for task in tasks] == [True, False] * 10
        assert (client.active, client.idle) == (0, 10)
        await client.aclose()


async def test_block_that_was_cancelled_may_be_asked_again() -> None:
    """As a caller does who sends something of its own when the server is quiet for long."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(chunked(end=b""))
        await asyncio.sleep(0.1)
        await peer.send(b"4\r\nlate\r\n0\r\n\r\n")
        await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with await client.open("GET", "/") as response:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await response.block()
            assert await response.read(10) == b"late"
        assert (client.active, client.idle) == (0, 1)
        await client.aclose()
