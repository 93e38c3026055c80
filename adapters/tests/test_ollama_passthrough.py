"""Ollama's answers, byte for byte, and what becomes of those that break."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.ollama.passthrough import OllamaPassthrough
from adapters.tests.misbehaving import Peer, Script, answer, chunked, serving
from adapters.upstream.client import Timeouts, UpstreamClient
from gateway.core.errors import BackendFailed, BackendTimeout, BackendUnreachable, MochiError

HASTY = Timeouts(connect=1, first_byte=0.1, between_reads=0.1)


@asynccontextmanager
async def passing(script: Script) -> AsyncIterator[OllamaPassthrough]:
    async with serving(script) as server:
        passthrough = OllamaPassthrough(UpstreamClient(server.url, timeouts=HASTY))
        try:
            yield passthrough
        finally:
            await passthrough.aclose()


async def test_status_and_bytes_are_kept_and_few_headers() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        about = (
            "Set-Cookie: a=b\r\nAccess-Control-Allow-Origin: *\r\nServer: x\r\nRetry-After: 3\r\n"
        )
        await peer.send(answer(b'{"error":"no"}', "429 Slow Down", about))

    async with passing(script) as passthrough:
        passed = await passthrough.open("GET", "/api/tags", b"")
        assert (passed.status, await passed.block(), await passed.block()) == (
            429,
            b'{"error":"no"}',
            b"",
        )
        assert passed.headers == [
            (b"content-type", b"application/json"),
            (b"content-length", b"14"),
            (b"retry-after", b"3"),
        ]
        passed.close()


async def test_a_stream_comes_as_it_was_read() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(chunked(b"one\n", end=b""), b"5\r\nt\nwo\n\r\n", b"0\r\n\r\n", pause=0.02)
        await peer.left()

    async with passing(script) as passthrough:
        passed = await passthrough.open("POST", "/api/chat", b"{}")
        assert [await passed.block() for _ in range(3)] == [b"one\n", b"t\nwo\n", b""]
        passed.close()


async def test_only_the_body_is_sent_on() -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        heads.append(await peer.request())
        await peer.send(answer())

    async with passing(script) as passthrough:
        (await passthrough.open("POST", "/api/show", b'{"model":"demo"}')).close()
    lines = heads[0].decode().split("\r\n")
    assert lines[0] == "POST /api/show HTTP/1.1"
    assert {line.split(":")[0] for line in lines[1:-2]} == {
        "Host",
        "User-Agent",
        "Accept-Encoding",
        "Content-Type",
        "Content-Length",
    }
    assert lines[-1] == '{"model":"demo"}'


async def test_closing_early_aborts(nothing_left: None) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(chunked(b"one\n", end=b""))
        await peer.left()

    async with serving(script) as server:
        passthrough = OllamaPassthrough(UpstreamClient(server.url))
        passed = await passthrough.open("POST", "/api/chat", b"{}")
        assert await passed.block() == b"one\n"
        passed.close()
        await server.idle.wait()
        await passthrough.aclose()


async def hangs_up(peer: Peer) -> None:
    await peer.request()


async def is_silent(peer: Peer) -> None:
    await peer.left()


@pytest.mark.parametrize(
    ("script", "kind"), [(hangs_up, BackendFailed), (is_silent, BackendTimeout)]
)
async def test_no_answer_is_an_error_of_ours(script: Script, kind: type[MochiError]) -> None:
    async with passing(script) as passthrough:
        with pytest.raises(kind):
            await passthrough.open("GET", "/api/tags", b"")


async def test_nobody_there() -> None:
    passthrough = OllamaPassthrough(UpstreamClient("http://127.0.0.1:9"))
    with pytest.raises(BackendUnreachable):
        await passthrough.open("GET", "/api/tags", b"")


async def cuts_off(peer: Peer) -> None:
    await peer.request()
    await peer.send(chunked(b"one\n", end=b""))


async def falls_silent(peer: Peer) -> None:
    await cuts_off(peer)
    await peer.left()


@pytest.mark.parametrize(
    ("script", "kind"), [(cuts_off, BackendFailed), (falls_silent, BackendTimeout)]
)
async def test_what_breaks_in_the_middle_is_told_after_what_came(
    script: Script, kind: type[MochiError]
) -> None:
    async with passing(script) as passthrough:
        passed = await passthrough.open("POST", "/api/chat", b"{}")
        assert await passed.block() == b"one\n"
        with pytest.raises(kind):
            await passed.block()
        passed.close()
