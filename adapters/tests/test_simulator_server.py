"""The socket side: framing, connections, clients that leave, bytes that are no requests."""

import asyncio
import json
import random
from contextlib import AsyncExitStack
from typing import Any

import pytest

from adapters.simulator import Simulator
from adapters.tests.sockets import ask, connected, post_bytes, read_reply, until

HELLO = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}]}
STORY = {"model": "demo", "messages": [{"role": "user", "content": "Tell me a long story"}]}


async def test_what_was_sent_can_be_looked_at() -> None:
    async with Simulator() as simulator:
        await ask(simulator, "/api/chat?x=1", HELLO, X_Trace="abc")
    (request,) = simulator.requests
    assert (request.method, request.path) == ("POST", "/api/chat?x=1")
    assert request.headers["x-trace"] == "abc"
    assert b'"Hello"' in request.body


async def test_a_taken_port_is_an_os_error() -> None:
    async with Simulator() as simulator:
        other = Simulator(port=int(simulator.url.rpartition(":")[2]))
        with pytest.raises(OSError, match="address already in use"):
            await other.start()
        await other.aclose()


async def test_connections_are_kept() -> None:
    async with Simulator() as simulator, connected(simulator) as (reader, writer):
        for body in (HELLO, {**HELLO, "stream": False}, {"model": "nothing"}):
            writer.write(post_bytes("/api/chat", body))
            reply = await read_reply(reader)
            assert reply.whole
            assert "Connection" not in reply.headers


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with Simulator(token_delay=0.001) as simulator, connected(simulator) as (reader, writer):
        requests = [
            post_bytes("/api/chat", HELLO),
            post_bytes("/api/version", b"", "GET"),
            post_bytes("/api/nothing", b"", "GET"),
        ]
        writer.write(b"".join(requests))
        replies = [await read_reply(reader) for _ in requests]
    assert [reply.status for reply in replies] == [200, 200, 404]
    assert replies[0].lines[-1]["done"] is True


@pytest.mark.parametrize("size", [1, 3, 50])
async def test_a_request_may_come_in_pieces(size: int) -> None:
    async with Simulator() as simulator, connected(simulator) as (reader, writer):
        data = post_bytes("/api/chat", {**HELLO, "stream": False})
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await writer.drain()
            await asyncio.sleep(0)
        assert (await read_reply(reader)).json["done"] is True


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_ends_its_generation(stream: bool) -> None:
    async with Simulator(token_delay=0.02) as simulator:
        async with connected(simulator) as (reader, writer):
            writer.write(post_bytes("/api/chat", {**STORY, "stream": stream}))
            await until(lambda: simulator.active == 1)
            if stream:
                await reader.readuntil(b"\r\n\r\n")
        began = asyncio.get_running_loop().time()
        await until(lambda: simulator.active == 0)
        assert asyncio.get_running_loop().time() - began < 0.5
        assert simulator.cancelled == 1


async def test_a_client_that_leaves_without_delay_between_tokens() -> None:
    async with Simulator() as simulator:
        async with connected(simulator) as (reader, writer):
            body = {"model": "demo-broken-megabyte", "messages": [{"content": "count to 2000"}]}
            writer.write(post_bytes("/api/chat", body))
            await reader.readexactly(100)
            writer.transport.abort()
        await until(lambda: simulator.active == 0)
        assert simulator.cancelled == 1


async def test_a_client_that_leaves_while_the_model_loads() -> None:
    async with Simulator(load_delay=30) as simulator:
        async with connected(simulator) as (_, writer):
            writer.write(post_bytes("/api/chat", HELLO))
            await until(lambda: simulator.active == 1)
        await until(lambda: simulator.active == 0)
        assert simulator.cancelled == 1
        assert (await ask(simulator, "/api/ps")).json == {"models": []}


async def test_half_of_a_connection_is_none() -> None:
    async with Simulator(token_delay=0.02) as simulator, connected(simulator) as (reader, writer):
        writer.write(post_bytes("/api/chat", STORY))
        await reader.readuntil(b"\r\n\r\n")
        writer.write_eof()
        await until(lambda: simulator.active == 0)
        assert simulator.cancelled == 1


async def test_a_client_that_does_not_read_holds_no_memory_of_ours() -> None:
    async with Simulator() as simulator, connected(simulator) as (reader, writer):
        body = {"model": "demo-broken-megabyte", "messages": [{"content": "Hello"}]}
        for _ in range(20):
            writer.write(post_bytes("/api/chat", body))
        await until(lambda: simulator.active == 1)
        await asyncio.sleep(0.05)
        assert len(simulator.requests) < 20  # the rest waits until the answers are read
        for _ in range(20):
            assert (await read_reply(reader)).whole


async def test_hundreds_of_streams_at_once() -> None:
    async with Simulator(token_delay=0.001) as simulator, AsyncExitStack() as stack:
        readers = []
        for _ in range(300):
            reader, writer = await stack.enter_async_context(connected(simulator))
            writer.write(post_bytes("/api/chat", HELLO))
            readers.append(reader)
        replies = await asyncio.gather(*(read_reply(reader) for reader in readers))
    assert len({reply.text for reply in replies}) == 1
    assert all(reply.lines[-1]["done"] for reply in replies)
    assert simulator.active == 0


async def test_closing_ends_what_is_under_way() -> None:
    simulator = Simulator(token_delay=0.05)
    await simulator.start()
    async with connected(simulator) as (reader, writer):
        writer.write(post_bytes("/api/chat", STORY))
        await reader.readuntil(b"\r\n\r\n")
        await simulator.aclose()
        assert not (await read_body(reader)).endswith(b"0\r\n\r\n")
    assert simulator.active == 0
    assert simulator.cancelled == 0


async def read_body(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_an_answer_of_2048_bytes_is_counted_and_a_larger_one_is_chunked() -> None:
    async with Simulator() as simulator:
        for length, framing in ((2048, "Content-Length"), (2049, "Transfer-Encoding")):
            reply = await ask(simulator, "/api/chat", {"model": "x" * 70 + "/" + "y" * 70})
            missing = length - len(reply.body)
            body = {"model": "demo", "messages": [], "think": "z" * missing}
            assert (await ask(simulator, "/api/chat", body)).status == 400
            fixed = len((await ask(simulator, "/api/chat", {**body, "think": "z"})).body) - 1
            reply = await ask(simulator, "/api/chat", {**body, "think": "z" * (length - fixed)})
            assert len(reply.body) == length
            assert framing in reply.headers


async def test_head_has_the_headers_of_get_and_no_body() -> None:
    async with Simulator() as simulator, connected(simulator) as (reader, writer):
        for path in ("/", "/api/version", "/api/tags"):
            writer.write(post_bytes(path, b"", "HEAD"))
            reply = await read_reply(reader, bodiless=True)
            assert reply.status == 200
        writer.write(post_bytes("/api/version", b"", "GET"))
        assert (await read_reply(reader)).json == {"version": "0.32.15"}


async def test_http_1_0_gets_no_chunks() -> None:
    async with Simulator() as simulator, connected(simulator) as (reader, writer):
        data = post_bytes("/api/chat", HELLO).replace(b"HTTP/1.1", b"HTTP/1.0")
        writer.write(data)
        reply = await read_reply(reader)
    assert "Transfer-Encoding" not in reply.headers
    assert reply.lines[-1]["done"] is True


async def test_a_large_body_is_asked_for() -> None:
    async with Simulator() as simulator, connected(simulator) as (reader, writer):
        head, _, body = post_bytes("/api/chat", HELLO, Expect="100-continue").partition(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert (await read_reply(reader)).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:11434"}, 403),
        ({"Host": "127.0.0.1:1"}, 200),
        ({"Host": "[::1]:1"}, 200),
        ({"Host": "192.168.1.5"}, 200),
        ({"Host": "8.8.8.8"}, 403),
        ({"Host": "ollama.local"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "app://anything"}, 200),
        ({"Origin": "http://localhost", "Host": "localhost"}, 200),
    ],
)
async def test_hosts_and_origins(headers: dict[str, str], status: int) -> None:
    async with Simulator() as simulator:
        reply = await ask(simulator, "/api/version", b"", "GET", **headers)
    assert reply.status == status
    if status == 403:
        assert reply.body == b""


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * (1 << 21),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_no_request_gets_a_400_or_nothing(data: bytes) -> None:
    async with Simulator() as simulator:
        async with connected(simulator) as (reader, writer):
            writer.write(data)
            writer.write_eof()
            answered = await read_body(reader)
            assert answered == b"" or answered.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
        assert (await ask(simulator, "/api/version")).status == 200


async def test_random_bodies_never_break_it(caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(7)
    paths = [f"/api/{name}" for name in BODIES]
    async with Simulator() as simulator, connected(simulator) as (reader, writer):
        for index in range(2000):
            path = paths[index % len(paths)]
            writer.write(post_bytes(path, mangled(chance, path)))
            reply = await read_reply(reader)
            assert reply.whole
            assert reply.body or path == "/api/copy"
    assert not caplog.records


BODIES: dict[str, dict[str, Any]] = {
    "chat": {
        **HELLO,
        "model": "demo-tools",
        "tools": [],
        "format": {},
        "think": False,
        "options": {},
        "keep_alive": 5,
    },
    "generate": {"model": "demo", "prompt": "Hello", "raw": False, "options": {}, "images": []},
    "embed": {"model": "demo-embed", "input": ["a", "b"], "dimensions": 3, "options": {}},
    "embeddings": {"model": "demo-embed", "prompt": "a", "keep_alive": "5m"},
    "show": {"model": "demo", "verbose": True},
    "pull": {"model": "demo", "stream": True},
    "push": {"model": "demo", "stream": False},
    "create": {"model": "child", "from": "demo", "parameters": {}, "files": {}},
    "copy": {"source": "demo", "destination": "copied"},
}
VALUES: list[Any] = [
    *(None, True, 0, -1, 1.5, 1e300, 10**30, "", "demo", "demo-tools", "x" * 50, [], {}, [1]),
    *("\ud800", [[[]]], {"a": {"b": None}}, "json", "5m", ["x"], [{"role": 5}], [None]),
    [{"role": "user", "content": "hi", "images": ["aGk="]}],
    [{"role": "tool", "tool_calls": [{"function": {"arguments": {"a": 1e300}}}]}],
    [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {}}}}}],
    [{"function": {"parameters": {"properties": {"a": {"items": {"minLength": "x"}}}}}}],
    {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    {"oneOf": [{"$ref": "#"}, {"$ref": "#"}]},
    {"type": "string", "minLength": "x"},
    {"type": "array", "minItems": 10**9, "items": {"enum": []}},
    {"num_ctx": 1e300, "seed": -5, "stop": ["a"], "temperature": 0},
    {"num_predict": -(10**30), "num_ctx": 0, "num_keep": -7},
]


def mangled(chance: random.Random, path: str) -> bytes:
    """A good body with one wrong value, now and then cut or with a byte changed."""
    body = dict(BODIES[path.rpartition("/")[2]])
    body[chance.choice(list(body))] = chance.choice(VALUES)
    data = bytearray(json.dumps(body).replace("1e+300", "1e999").encode())
    if chance.random() < 0.2:
        data[chance.randrange(len(data))] = chance.randrange(256)
    if chance.random() < 0.1:
        del data[chance.randrange(1, len(data)) :]
    return bytes(data)
