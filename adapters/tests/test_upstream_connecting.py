"""Connections that do not come about, and those that do in less common ways."""

import asyncio
import os
import resource
import socket
import ssl
import time
from pathlib import Path

import pytest

from adapters.tests.misbehaving import Peer, answer, serving
from adapters.upstream.client import Timeouts, UpstreamClient
from adapters.upstream.connecting import Attempt
from adapters.upstream.errors import ConnectFailed, ConnectionBroken, Malformed

pytestmark = pytest.mark.usefixtures("nothing_left")

NOWHERE = ".".join(["x" * 63] * 3 + ["x" * 62])
"""A name longer than names may be, so that no resolver is asked."""


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


async def once(peer: Peer) -> None:
    await peer.request()
    await peer.send(answer(b"hello"))


async def fetched(url: str, *, connect: float = 5) -> bytes:
    client = UpstreamClient(url, timeouts=Timeouts(connect=connect))
    try:
        with await client.open("GET", "/") as response:
            return await response.read(100)
    finally:
        assert client.active == 0
        await client.aclose()


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def loopback_has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not loopback_has_ipv6(), reason="there is no ::1 here")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_nobody_listens(host: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ConnectFailed, match=r"^The server refused the connection\.$"):
        await fetched(f"http://user:secret@{host}:{unused_port()}")
    assert time.perf_counter() - start < 0.1


async def test_host_is_unknown() -> None:
    with pytest.raises(ConnectFailed, match=r"^The server's host name is not known\.$"):
        await fetched(f"http://{NOWHERE}")


async def test_network_is_unreachable() -> None:
    with pytest.raises(ConnectFailed, match=r"^The server cannot be reached: [A-Z][a-z ]+\.$"):
        await fetched("http://255.255.255.255:9")


async def test_server_that_accepts_nothing_is_given_up_in_time() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        queue = [socket.socket() for _ in range(3)]
        for waiting in queue:  # fill the backlog: the next SYN is dropped
            waiting.setblocking(False)
            waiting.connect_ex(address)
        start = time.perf_counter()
        with pytest.raises(ConnectFailed, match=r"^The server cannot be reached in time\.$"):
            await fetched(f"http://127.0.0.1:{address[1]}", connect=0.2)
        assert 0.2 <= time.perf_counter() - start < 0.6
        for waiting in queue:
            waiting.close()


async def test_descriptors_have_run_out() -> None:
    async with serving(once) as server:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = max(map(int, os.listdir("/proc/self/fd")))
        spare = [os.open("/dev/null", os.O_RDONLY) for _ in range(highest)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(spare) + 1, hard))
        try:
            with pytest.raises(ConnectFailed, match="No file descriptor is left"):
                await fetched(server.url)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for descriptor in spare:
                os.close(descriptor)
        assert await fetched(server.url) == b"hello"


@needs_ipv6
async def test_ipv6_literal() -> None:
    async with serving(once, host="::1") as server:
        assert await fetched(server.url) == b"hello"


@pytest.mark.parametrize("listening", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
async def test_localhost_is_the_loopback_of_both_families(listening: str) -> None:
    async with serving(once, host=listening) as server:
        assert await fetched(f"http://localhost:{server.url.rpartition(':')[2]}") == b"hello"


async def test_proxy_variables_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")
    async with serving(once) as server:
        assert await fetched(server.url) == b"hello"


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


@pytest.mark.usefixtures("trusted")
async def test_tls_names_the_server_and_keeps_the_connection(tls: ssl.SSLContext) -> None:
    names: list[str] = []
    tls.sni_callback = lambda _, name, __: names.append(name)

    async def script(peer: Peer) -> None:
        while True:
            request = await peer.request()
            await peer.send(answer(b"%d" % len(request)))

    async with serving(script, tls=tls) as server:
        client = UpstreamClient(server.url.replace("127.0.0.1", "localhost"))
        for size in (1, 3_000_000, 10):
            with await client.open("POST", "/", b"x" * size) as response:
                assert int(await response.read(10)) > size
        assert (client.opened, client.idle, names) == (1, 1, ["localhost"])
        await client.aclose()


@pytest.mark.usefixtures("trusted")
async def test_tls_certificate_of_another_host(tls: ssl.SSLContext) -> None:
    async with serving(once, tls=tls) as server:
        with pytest.raises(ConnectFailed, match="certificate cannot be trusted"):
            await fetched(server.url)


async def test_tls_certificate_of_an_unknown_authority(tls: ssl.SSLContext) -> None:
    async with serving(once, tls=tls) as server:
        with pytest.raises(ConnectFailed, match="certificate cannot be trusted"):
            await fetched(server.url.replace("127.0.0.1", "localhost"))


async def test_a_checked_address_is_connected_to_whatever_the_name_stands_for(
    tls: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    """One address refuses, the next answers; the certificate is for the name, and trusted."""
    async with serving(once, tls=tls) as server:
        client = UpstreamClient(
            server.url.replace("127.0.0.1", "localhost"),
            addresses=["127.0.0.2", "127.0.0.1"],
            tls=ssl.create_default_context(cafile=str(certificate[0])),
        )
        with await client.open("GET", "/") as response:
            assert await response.read(100) == b"hello"
        await client.aclose()


async def test_no_name_is_looked_up_when_there_is_an_address() -> None:
    async with serving(once) as server:
        url = f"http://no-such-name.invalid:{server.url.rpartition(':')[2]}"
        client = UpstreamClient(url, addresses=["127.0.0.1"])
        with await client.open("GET", "/") as response:
            assert await response.read(100) == b"hello"
        await client.aclose()


async def test_tls_server_that_does_not_speak_it() -> None:
    async def script(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.left()

    async with serving(script) as server:
        with pytest.raises(ConnectFailed, match="TLS handshake with the server failed"):
            await fetched(server.url.replace("http:", "https:"))


async def test_tls_server_that_is_silent() -> None:
    async with serving(Peer.left) as server:
        with pytest.raises(ConnectFailed, match="in time"):
            await fetched(server.url.replace("http:", "https:"), connect=0.1)


async def test_tls_server_that_hangs_up_in_the_handshake() -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.read(1)
        await peer.reset()

    async with serving(script) as server:
        with pytest.raises(ConnectFailed):
            await fetched(server.url.replace("http:", "https:"))


async def test_plain_request_to_a_tls_server(tls: ssl.SSLContext) -> None:
    async with serving(once, tls=tls) as server:
        with pytest.raises((Malformed, ConnectionBroken)):
            await fetched(server.url.replace("https:", "http:"))


@pytest.mark.usefixtures("trusted")
async def test_tls_connection_cut_without_a_goodbye_ends_no_body(tls: ssl.SSLContext) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nhalf of")
        await peer.reset()

    async with serving(script, tls=tls) as server:
        with pytest.raises(ConnectionBroken, match="in the middle"):
            await fetched(server.url.replace("127.0.0.1", "localhost"))


@pytest.mark.usefixtures("trusted")
async def test_tls_answer_that_is_given_up_ends_its_connection(tls: ssl.SSLContext) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await peer.send(b"x" * 65536)

    async with serving(script, tls=tls) as server:
        client = UpstreamClient(server.url.replace("127.0.0.1", "localhost"))
        with await client.open("GET", "/") as response:
            assert await response.block()
            await asyncio.sleep(0.05)
        async with asyncio.timeout(0.5):
            await server.idle.wait()
        assert (client.active, client.idle) == (0, 0)
        await client.aclose()


async def test_attempt_is_given_up_once_and_for_the_first_reason() -> None:
    async def give_up_twice(attempt: Attempt) -> None:
        async with attempt.scope:
            attempt.abort(ConnectionBroken("first"))
            attempt.expire()
            await asyncio.sleep(1)

    attempt = Attempt(0)
    with pytest.raises(TimeoutError):
        await give_up_twice(attempt)
    assert attempt.reason == "first"


async def test_closed_client_gives_up_connecting() -> None:
    async with serving(Peer.left) as server:
        client = UpstreamClient(server.url.replace("http:", "https:"))
        opening = asyncio.create_task(client.open("GET", "/"))
        await asyncio.sleep(0.05)
        async with asyncio.timeout(1):
            await client.aclose()
        with pytest.raises(ConnectFailed, match=r"^The client is closed\.$"):
            await opening
        with pytest.raises(ConnectFailed, match=r"^The client is closed\.$"):
            await client.open("GET", "/")
        assert (client.active, client.idle) == (0, 0)
