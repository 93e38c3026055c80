"""Fetching an image: from public addresses only, and only what is one."""

import asyncio
import ssl
import time
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.images.fetcher import ImageFetcher, Patience
from adapters.tests.misbehaving import Peer, Script, Server, answer, chunked, serving
from gateway.core.errors import Invalid, InvalidRequest
from gateway.core.messages import ImagePart, RemoteImagePart

pytestmark = pytest.mark.usefixtures("nothing_left")

PNG = b"\x89PNG\r\n\x1a\n rest"
FETCHED = ImagePart(b64encode(PNG).decode(), "image/png")
MIB = 1024 * 1024


class Names:
    """A resolver that knows these names; each look-up takes the next answer, the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked: list[tuple[str, int]] = []
        self._answers = list(answers)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def permissive(
    names: Names | None = None, *, whole: float = 5, tls: ssl.SSLContext | None = None
) -> ImageFetcher:
    """May connect to the test's own server, whatever it is called."""
    return ImageFetcher(
        resolve=names or Names(["127.0.0.1"]),
        allowed=lambda address: address.is_loopback,
        ports=range(65536),
        patience=Patience(whole=whole),
        tls=tls,
    )


def image_at(url: str) -> RemoteImagePart:
    return RemoteImagePart(url, "messages[0].content[1].image_url.url")


async def refused(fetcher: ImageFetcher, url: str) -> str:
    """The reason; who is at fault is always the caller's URL."""
    with pytest.raises(Invalid) as caught:
        await fetcher.fetch(image_at(url))
    assert caught.value.param == "messages[0].content[1].image_url.url"
    return caught.value.message


def answering(*pieces: bytes, pause: float = 0) -> Script:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(*pieces, pause=pause)

    return script


def named(server: Server, path: str = "/a.png?b=c") -> str:
    return server.url.replace("127.0.0.1", "images.example") + path


async def test_an_image_is_fetched() -> None:
    asked: list[bytes] = []

    async def script(peer: Peer) -> None:
        asked.append(await peer.request())
        await peer.send(answer(PNG))

    names = Names(["127.0.0.1"])
    async with serving(script) as server:
        assert await permissive(names).fetch(image_at(named(server))) == FETCHED
        host = named(server, "").removeprefix("http://")
    assert names.asked == [("images.example", int(host.partition(":")[2]))]
    head = asked[0].decode().split("\r\n")
    assert head[0] == "GET /a.png?b=c HTTP/1.1"
    assert sorted(line for line in head[1:] if line) == [
        "Accept-Encoding: identity",
        "Accept: image/png, image/jpeg, image/webp",
        f"Host: {host}",
        "User-Agent: mochi-gateway",
    ]


@pytest.mark.parametrize(
    "whole",
    [
        chunked(PNG[:3], PNG[3:]),
        b"HTTP/1.0 200 OK\r\n\r\n" + PNG,
        answer(PNG, headers="Content-Encoding: identity\r\n"),
        answer(PNG, headers="Set-Cookie: a=b\r\n"),
    ],
    ids=["chunked", "until the end", "identity", "cookie"],
)
async def test_an_image_in_any_framing(whole: bytes) -> None:
    async with serving(answering(whole)) as server:
        assert await permissive().fetch(image_at(named(server))) == FETCHED


async def test_the_next_address_is_tried() -> None:
    async with serving(answering(answer(PNG))) as server:
        names = Names(["127.0.0.2", "127.0.0.1"])
        assert await permissive(names).fetch(image_at(named(server))) == FETCHED


@pytest.mark.parametrize(
    "host",
    [
        *["127.0.0.1", "[::1]", "localhost", "0.0.0.0", "169.254.169.254", "10.0.0.1", "[::]"],
        *["192.168.1.1", "172.16.0.1", "100.64.0.1", "255.255.255.255", "224.0.0.1", "[ff0e::1]"],
        *["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"],
        *["[fe80::1]", "[fd00:ec2::254]", "[2001:db8::1]", "LOCALHOST", "localhost."],
        *["2130706433", "0x7f.1", "0x7f000001", "017700000001", "0177.0.0.1", "127.1", "0"],
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nothing_but_public_addresses(scheme: str, host: str) -> None:
    """With the system's resolver, which reads every spelling of an address."""
    reason = await refused(ImageFetcher(), f"{scheme}://{host}/a.png")
    assert reason in (
        "The image could not be fetched. The server's address is not public.",
        "The image could not be fetched. The server's host name is not known.",  # no "localhost."
    )
    if "localhost" not in host.lower():
        assert "not public" in reason


@pytest.mark.parametrize(
    "addresses",
    [
        ["169.254.169.254"],
        ["fd00:ec2::254"],
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["2606:4700::1111", "fe80::1%lo"],
        ["::ffff:10.0.0.1"],
        ["not an address"],
    ],
)
async def test_a_name_for_anything_private_is_refused(addresses: list[str]) -> None:
    fetcher = ImageFetcher(resolve=Names(addresses))
    reason = await refused(fetcher, "http://metadata.google.internal/a.png")
    assert reason == "The image could not be fetched. The server's address is not public."


async def test_a_name_is_resolved_once() -> None:
    """DNS rebinding: a second answer would lead elsewhere, so nobody asks for one."""
    names = Names(["127.0.0.1"], ["127.0.0.99"])
    async with serving(answering(answer(PNG))) as server:
        assert await permissive(names).fetch(image_at(named(server))) == FETCHED
    assert len(names.asked) == 1


async def test_what_was_checked_is_what_is_connected_to() -> None:
    """Were the name itself connected to, `localhost` would answer."""
    async with serving(answering(answer(PNG))) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        reason = await refused(permissive(Names(["127.0.0.3"])), url)
        assert server.connections == 0
    assert reason == "The image could not be fetched. The server refused the connection."


@pytest.mark.parametrize(
    "url",
    [
        *["http://user@example.com/", "http://host\\@evil/", "http://example.com/\r\nHost: evil"],
        *["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://example.com/", "data:;base64,AAAA"],
        *["http://example.com:22/", "http:///", "http:data:image/png;base64,AAAA"],
    ],
)
async def test_no_name_of_a_hostile_url_is_looked_up(url: str) -> None:
    names = Names(["8.8.8.8"])
    assert await refused(ImageFetcher(resolve=names), url)
    assert names.asked == []


async def test_unknown_names() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError

    for fetcher in (ImageFetcher(resolve=unknown), ImageFetcher(resolve=Names([]))):
        assert "host name is not known" in await refused(fetcher, "http://images.example/")


async def test_a_name_server_that_does_not_answer() -> None:
    async def silent(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(30)
        return ()

    start = time.perf_counter()
    fetcher = ImageFetcher(resolve=silent, patience=Patience(connect=0.1))
    assert "not found out in time" in await refused(fetcher, "http://images.example/")
    assert time.perf_counter() - start < 1


ENDLESS = chunked(*[PNG + bytes(MIB)] * 20, end=b"")

WRONG: dict[str, tuple[tuple[bytes, ...], str]] = {
    "redirect": (
        (answer(b"", "302 Found", "Location: http://169.254.169.254/\r\n"),),
        "redirects are not followed",
    ),
    "permanent redirect": (
        (answer(PNG, "308 Permanent Redirect", "Location: /b.png\r\n"),),
        "redirects are not followed",
    ),
    "not found": ((answer(PNG, "404 Not Found"),), "status 404"),
    "an error": ((answer(PNG, "500 secret words"),), "status 500"),
    "no content": ((b"HTTP/1.1 204 No Content\r\n\r\n",), "status 204"),
    "a part": ((answer(PNG, "206 Partial Content"),), "status 206"),
    "HTML": ((answer(b"<html>secret</html>", headers="X: image/png\r\n"),), "PNG, JPEG and WebP"),
    "a GIF": ((answer(b"GIF89a"),), "is a GIF"),
    "empty": ((answer(b""),), "PNG, JPEG and WebP"),
    "gzip": ((answer(PNG, headers="Content-Encoding: gzip\r\n"),), "compressed"),
    "announced as too large": (
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n" + PNG,),
        "larger than 10485760 bytes",
    ),
    "too large": ((answer(PNG + bytes(20 * MIB)),), "larger than 10485760 bytes"),
    "endless": ((ENDLESS,), "larger than 10485760 bytes"),
    "shorter than announced": (
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + PNG,),
        "closed the connection",
    ),
    "two lengths": (
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n" + PNG,),
        "not valid HTTP",
    ),
    "no length": ((b"HTTP/1.1 200 OK\r\nContent-Length: secret\r\n\r\n",), "not valid HTTP"),
    "an endless head": ((b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 50_000,), "header is larger"),
    "no HTTP": ((b"SSH-2.0-secret\r\n",), "not valid HTTP"),
    "nothing": ((), "closed the connection"),
    "early hints only": ((b"HTTP/1.1 103 Early Hints\r\n\r\n",), "closed the connection"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_no_image_is_refused_in_our_own_words(case: str) -> None:
    pieces, reason = WRONG[case]
    async with serving(answering(*pieces)) as server:
        message = await refused(permissive(), named(server))
    assert reason in message
    assert "secret" not in message


async def test_a_body_longer_than_announced_ends_where_it_should() -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%bmore" % (len(PNG), PNG)
    async with serving(answering(body)) as server:
        assert await permissive().fetch(image_at(named(server))) == FETCHED


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"HTTP/1.1 200 OK\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", *[b"x"] * 400),
    ],
    ids=["silent", "half a head", "slow body"],
)
async def test_everything_together_has_a_time_limit(pieces: tuple[bytes, ...]) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        with suppress(RuntimeError):  # uvloop's, when the other side has left
            await peer.send(*pieces, pause=0.05)
            await peer.left()

    start = time.perf_counter()
    async with serving(script) as server:
        assert "in time" in await refused(permissive(whole=0.3), named(server))
        assert time.perf_counter() - start < 1
        async with asyncio.timeout(2):
            await server.idle.wait()


async def test_who_is_cancelled_leaves_no_connection() -> None:
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.left()

    async with serving(script) as server:
        fetching = asyncio.create_task(permissive().fetch(image_at(named(server))))
        await asked.wait()
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        async with asyncio.timeout(2):
            await server.idle.wait()


def trust(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


async def test_tls(tls: ssl.SSLContext, certificate: tuple[Path, Path]) -> None:
    """The name is in the handshake and checked, whatever address it stands for."""
    names: list[str] = []
    tls.sni_callback = lambda _, name, __: names.append(name)
    async with serving(answering(answer(PNG)), tls=tls) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        assert await permissive(tls=trust(certificate)).fetch(image_at(url)) == FETCHED
    assert names == ["localhost"]


async def test_tls_with_the_certificate_of_another_name(
    tls: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    async with serving(answering(answer(PNG)), tls=tls) as server:
        for url in (named(server), server.url):
            reason = await refused(permissive(tls=trust(certificate)), url)
            assert "certificate cannot be trusted" in reason


async def test_tls_trusts_the_system_unless_told_otherwise(tls: ssl.SSLContext) -> None:
    async with serving(answering(answer(PNG)), tls=tls) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        assert "certificate cannot be trusted" in await refused(permissive(), url)


async def test_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with serving(answering(answer(PNG))) as server:
        assert await permissive().fetch(image_at(named(server))) == FETCHED


async def test_the_error_is_an_invalid_request() -> None:
    with pytest.raises(InvalidRequest) as caught:
        await ImageFetcher().fetch(image_at("http://127.0.0.1/"))
    assert caught.value.reason == "invalid_value"
