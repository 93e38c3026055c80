"""Which connection carries which request."""

import asyncio

import pytest

from adapters.tests.misbehaving import Peer, Script, answer, chunked, serving
from adapters.upstream.client import Limits, Timeouts, UpstreamClient
from adapters.upstream.errors import ConnectFailed, ConnectionBroken, Malformed, Silent

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


async def ever(peer: Peer) -> None:
    """Answers every request with the number of its connection."""
    while True:
        await peer.request()
        await peer.send(answer(b"%d" % peer.number))


async def fetched(client: UpstreamClient) -> bytes:
    with await client.open("GET", "/") as response:
        return await response.read(1000)


async def test_thousand_requests_at_32_at_a_time_take_32_connections() -> None:
    left = 1000

    async def worker(client: UpstreamClient) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await fetched(client)

    async with serving(ever) as server:
        client = UpstreamClient(server.url)
        await asyncio.gather(*[worker(client) for _ in range(32)])
        assert client.opened <= 32
        assert (client.active, client.idle) == (0, client.opened)
        await client.aclose()


async def test_two_hundred_at_once_wait_for_nobody() -> None:
    everybody = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number == 200:
            everybody.set()
        await everybody.wait()
        await peer.send(chunked(b"%d" % peer.number))
        await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url, limits=Limits(idle_connections=50))
        async with asyncio.timeout(10):
            bodies = await asyncio.gather(*[fetched(client) for _ in range(200)])
        assert len(set(bodies)) == 200
        assert (client.opened, client.active, client.idle) == (200, 0, 50)
        await client.aclose()


async def test_last_in_is_first_out() -> None:
    async with serving(ever) as server:
        client = UpstreamClient(server.url)
        first, second = await client.open("GET", "/"), await client.open("GET", "/")
        assert (await second.read(9), await first.read(9)) == (b"2", b"1")
        second.close()
        first.close()
        assert [await fetched(client), await fetched(client)] == [b"1", b"1"]
        await client.aclose()


async def test_idle_connections_go_by_themselves() -> None:
    async with serving(ever) as server:
        client = UpstreamClient(server.url, limits=Limits(idle_seconds=0.1))
        await fetched(client)
        assert client.idle == 1
        await asyncio.sleep(0.05)
        assert client.idle == 1
        async with asyncio.timeout(1):
            await server.idle.wait()
        assert client.idle == 0
        assert await fetched(client) == b"2"
        await client.aclose()


@pytest.mark.parametrize("last_word", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n", b"\r\n"])
async def test_idle_connection_on_which_the_server_stirs_is_dropped(last_word: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer(b"%d" % peer.number))
        await asyncio.sleep(0.02)
        if last_word:
            await peer.send(last_word)
            await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        assert await fetched(client) == b"1"
        assert client.idle == 1
        async with asyncio.timeout(1):
            await server.idle.wait()
        await asyncio.sleep(0.01)
        assert client.idle == 0
        assert await fetched(client) == b"2"
        await client.aclose()


@pytest.mark.parametrize(
    "only",
    [
        answer(headers="Connection: close\r\n"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        answer() + answer(),
        answer() + b"x",
    ],
)
async def test_connection_that_should_not_be_used_again_is_not(only: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(only)
        await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        await fetched(client)
        assert client.idle == 0
        await fetched(client)
        assert client.opened == 2
        await client.aclose()


async def test_answer_given_up_in_the_middle_ends_its_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(chunked(b"first", end=b""))
        await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with await client.open("GET", "/") as response:
            await response.block()
        assert (client.active, client.idle) == (0, 0)
        async with asyncio.timeout(1):
            await server.idle.wait()
        await client.aclose()


def dying(*, reset: bool, says: bytes = b"", first_lives: bool = True) -> Script:
    """Answers once on each connection and dies at the second request."""

    async def script(peer: Peer) -> None:
        if first_lives or peer.number > 1:
            await peer.request()
            await peer.send(answer(b"%d" % peer.number))
        await peer.request()
        if says:
            await peer.send(says)
        if reset:
            await peer.reset()

    return script


@pytest.mark.parametrize("reset", [True, False])
async def test_request_on_a_dead_idle_connection_is_sent_again(reset: bool) -> None:
    async with serving(dying(reset=reset)) as server:
        client = UpstreamClient(server.url)
        for expected in (b"1", b"2", b"3"):
            assert await fetched(client) == expected
        assert (client.opened, client.active) == (3, 0)
        await client.aclose()


@pytest.mark.parametrize("reset", [True, False])
async def test_never_after_a_first_byte(reset: bool) -> None:
    async with serving(dying(reset=reset, says=b"H")) as server:
        client = UpstreamClient(server.url)
        assert await fetched(client) == b"1"
        with pytest.raises(ConnectionBroken, match="in the middle of its answer"):
            await fetched(client)
        assert (client.opened, client.active, client.idle) == (1, 0, 0)
        await client.aclose()


async def test_never_on_a_new_connection() -> None:
    async with serving(dying(reset=True, first_lives=False)) as server:
        client = UpstreamClient(server.url)
        with pytest.raises(ConnectionBroken, match="without an answer"):
            await fetched(client)
        assert client.opened == 1
        await client.aclose()


async def test_never_twice() -> None:
    """Two idle connections are dead, and so is the new one that the second attempt takes."""

    async def script(peer: Peer) -> None:
        if peer.number <= 2:
            await peer.request()
            await peer.send(answer())
        await peer.request()

    async with serving(script) as server:
        client = UpstreamClient(server.url)
        with await client.open("GET", "/"), await client.open("GET", "/"):
            pass
        assert client.idle == 2
        with pytest.raises(ConnectionBroken, match="without an answer"):
            await fetched(client)
        assert (client.opened, server.connections) == (3, 3)
        await client.aclose()


@pytest.mark.parametrize(("says", "error"), [(b"", Silent), (b"nonsense\r\n\r\n", Malformed)])
async def test_other_failures_of_an_idle_connection_are_not_retried(
    says: bytes, error: type[Exception]
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer())
        await peer.request()
        if says:
            await peer.send(says)
        await peer.left()

    async with serving(script) as server:
        client = UpstreamClient(server.url, timeouts=Timeouts(first_byte=0.1))
        await fetched(client)
        with pytest.raises(error):
            await fetched(client)
        assert client.opened == 1
        await client.aclose()


async def test_server_that_has_gone_is_a_connect_failure() -> None:
    client = UpstreamClient("http://127.0.0.1:1")
    async with serving(ever) as server:
        client = UpstreamClient(server.url)
        await fetched(client)
    with pytest.raises(ConnectFailed):
        await fetched(client)
    await client.aclose()
