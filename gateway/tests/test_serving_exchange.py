"""Answers as bytes on the socket, and clients that leave."""

import asyncio
from typing import Any

import pytest
from uvicorn.protocols.http.flow_control import FlowControl

from gateway.app import create_app
from gateway.core.events import Finished, TextDelta
from gateway.http.guards import GuardRules
from gateway.serving.exchange import Exchange
from gateway.serving.server import GatewayServer, listen
from gateway.testing import ScriptedBackend

BODY = b'{"model":"demo","stream":true,"messages":[{"role":"user","content":"x"}]}'
HEAD = (
    b"POST /v1/chat/completions HTTP/%s\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def chat(version: bytes = b"1.1") -> bytes:
    return HEAD % (version, len(BODY)) + BODY


def serving(backend: ScriptedBackend, grace: float = 0.2) -> GatewayServer:
    app = create_app(backend, guards=GuardRules())
    return GatewayServer(app, listen("127.0.0.1", 0), grace=grace)


async def talk(server: GatewayServer, request: bytes) -> Any:
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(request)
    return reader, writer


async def test_http_1_0_gets_no_chunks_but_the_end_of_the_connection() -> None:
    backend = ScriptedBackend([TextDelta("Hi"), Finished("stop")])
    async with serving(backend) as server, asyncio.timeout(5):
        reader, writer = await talk(server, chat(b"1.0"))
        head, body = (await reader.read()).split(b"\r\n\r\n", 1)
        writer.close()
    assert b"transfer-encoding" not in head
    assert body.startswith(b"data: {")
    assert body.endswith(b"data: [DONE]\n\n")


class Written:
    """A transport that notes every write: each would be a system call."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def close(self) -> None: ...


class Alone:
    """A connection with a single exchange."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.flow = FlowControl(transport)
        self.default_headers = [(b"date", b"today")]

    def answered(self, exchange: Exchange) -> None: ...

    def ended(self, exchange: Exchange) -> None: ...


def answering(transport: Any) -> Exchange:
    scope = {"type": "http", "method": "GET", "http_version": "1.1"}
    return Exchange(Alone(transport), scope, keep_alive=True, continues=False)


async def test_a_head_and_a_small_body_are_one_write() -> None:
    transport = Written()
    headers = [(b"content-length", b"2")]
    answer = answering(transport)
    await answer.send({"type": "http.response.start", "status": 200, "headers": headers})
    assert transport.writes == []
    await answer.send({"type": "http.response.body", "body": b"{}", "more_body": False})
    assert transport.writes == [b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 2\r\n\r\n{}"]


@pytest.mark.parametrize(
    "header", [(b"x-name", b"a\r\nx-other: b"), (b"x name", b"a"), (b"x-name", b"a\x00")]
)
async def test_a_header_that_would_break_its_line_is_not_sent(header: tuple[bytes, bytes]) -> None:
    transport = Written()
    with pytest.raises(RuntimeError):
        await answering(transport).send(
            {"type": "http.response.start", "status": 200, "headers": [header]}
        )
    assert transport.writes == []


@pytest.mark.parametrize("body", [b"{", b"{}}"], ids=["short", "long"])
async def test_a_body_that_belies_its_length_is_an_error(body: bytes) -> None:
    answer = answering(Written())
    headers = [(b"content-length", b"2")]
    await answer.send({"type": "http.response.start", "status": 200, "headers": headers})
    with pytest.raises(RuntimeError):
        await answer.send({"type": "http.response.body", "body": body, "more_body": False})


@pytest.mark.parametrize("behind", [b"", HEALTH], ids=["alone", "with another request behind"])
async def test_a_client_that_leaves_ends_the_work(behind: bytes) -> None:
    backend = ScriptedBackend([TextDelta("Hi")], 30.0)
    async with serving(backend) as server, asyncio.timeout(5):
        reader, writer = await talk(server, chat() + behind)
        await reader.read(100)
        writer.transport.abort()
        await backend.left.wait()


async def test_a_client_that_leaves_a_list_of_models_ends_the_work() -> None:
    class Slow(ScriptedBackend):
        async def models(self) -> Any:
            try:
                await asyncio.sleep(30)
            finally:
                self.left.set()

    backend = Slow()
    async with serving(backend) as server, asyncio.timeout(5):
        _, writer = await talk(server, HEALTH.replace(b"/health", b"/v1/models"))
        await asyncio.sleep(0.1)
        writer.transport.abort()
        await backend.left.wait()


async def test_a_client_that_pipelines_without_end_is_cut_off() -> None:
    async with serving(ScriptedBackend(30.0)) as server, asyncio.timeout(5):
        reader, writer = await talk(server, chat() + HEALTH * 1000)
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(
    ("request_", "status"),
    [(HEAD % (b"1.1", 100) + b"{", b"503"), (chat(), b"503")],
    ids=["half a body", "a whole one"],
)
async def test_at_shutdown_what_has_no_answer_yet_gets_a_typed_one(
    request_: bytes, status: bytes
) -> None:
    async with asyncio.timeout(5):
        async with serving(ScriptedBackend(30.0)) as server:
            reader, writer = await talk(server, request_)
            await asyncio.sleep(0.1)
        answer = await reader.read()
        writer.close()
    assert answer.split(b" ")[1] == status
    assert b'{"error":{"message":"The gateway is shutting down."' in answer
