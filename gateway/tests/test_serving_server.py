"""Serving over real sockets: starting, draining, ending."""

import asyncio
import json
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.serving.process import allow_descriptors
from gateway.serving.server import GatewayServer, StartFailed, listen

ROOT = Path(__file__).parents[2]


async def lifespan(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def app(scope: Any, receive: Any, send: Any) -> None:
    """`/` says hello; `/stream/N` counts to N with a pause of 0.05 s, and says when it is ended."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    count = int(scope["path"].removeprefix("/stream/")) if len(scope["path"]) > 1 else 0
    try:
        for number in range(count):
            body = b"%d\n" % number
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        await send({"type": "http.response.body", "body": b"ended\n", "more_body": True})
    await send({"type": "http.response.body", "body": b"hello", "more_body": False})
    return None


@asynccontextmanager
async def asked(server: GatewayServer, path: str = "/") -> AsyncIterator[asyncio.StreamReader]:
    """A request on its own connection, and what can be read from it."""
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    try:
        yield reader
    finally:
        writer.close()


async def test_it_serves_while_it_is_entered() -> None:
    async with GatewayServer(app, listen("127.0.0.1", 0)) as server:
        assert server.url == f"http://127.0.0.1:{server.address[1]}"
        async with asked(server) as reader:
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
            assert b"server:" not in head
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncio.open_connection(*server.address)


async def test_an_answer_that_waits_for_the_end_of_the_application_has_its_last_word() -> None:
    """As one does whose tool is still running: no cancellation ends that."""
    ended = asyncio.Event()

    async def waiting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            ended.set()
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        with suppress(asyncio.CancelledError):
            await ended.wait()
        await ended.wait()
        await send({"type": "http.response.body", "body": b"last", "more_body": False})

    async with GatewayServer(waiting, listen("127.0.0.1", 0), grace=0) as server:
        connection = asked(server)
        reader = await connection.__aenter__()
        await reader.readuntil(b"first")
    assert b"last" in await reader.read()
    await connection.__aexit__(None, None, None)


async def test_an_answer_that_runs_is_finished_before_leaving() -> None:
    async with GatewayServer(app, listen("127.0.0.1", 0), grace=5) as server, asyncio.timeout(4):
        connection = asked(server, "/stream/6")
        reader = await connection.__aenter__()
        await reader.readuntil(b"0\n\r\n")
    rest = await reader.read()
    assert b"5\n" in rest
    assert rest.endswith(b"hello\r\n0\r\n\r\n")
    await connection.__aexit__(None, None, None)


async def test_an_answer_that_runs_longer_than_the_grace_time_ends_with_its_last_frame() -> None:
    async with GatewayServer(app, listen("127.0.0.1", 0), grace=0.2) as server:
        connection = asked(server, "/stream/1000")
        reader = await connection.__aenter__()
        await reader.readuntil(b"0\n\r\n")
        started = time.monotonic()
    assert 0.2 <= time.monotonic() - started < 1.2
    assert b"ended\n" in await reader.read()
    await connection.__aexit__(None, None, None)


async def test_an_application_that_ignores_its_end_does_not_hold_the_server() -> None:
    tasks: list[asyncio.Task[None] | None] = []

    async def stubborn(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await lifespan(receive, send)
        tasks.append(asyncio.current_task())
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(30)
        return await asyncio.sleep(30)

    async with GatewayServer(stubborn, listen("127.0.0.1", 0), grace=0) as server:
        connection = asked(server)
        reader = await connection.__aenter__()
        await asyncio.sleep(0.1)
        started = time.monotonic()
    assert time.monotonic() - started < 2
    assert await reader.read() == b""
    await connection.__aexit__(None, None, None)
    assert tasks[0]
    tasks[0].cancel()


async def test_an_application_may_finish_its_own_work_within_the_grace_time() -> None:
    ended: list[str] = []

    def working(seconds: float) -> Any:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await asyncio.sleep(seconds)
            ended.append(f"after {seconds}")
            await send({"type": "lifespan.shutdown.complete"})

        return application

    async with GatewayServer(working(0.7), listen("127.0.0.1", 0), grace=5):
        started = time.monotonic()
    assert ended == ["after 0.7"]
    assert time.monotonic() - started < 1.5
    async with GatewayServer(working(20), listen("127.0.0.1", 0), grace=0.8):
        started = time.monotonic()
    assert 0.8 <= time.monotonic() - started < 1.5
    assert ended == ["after 0.7"]


async def test_an_application_that_cannot_start_is_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no disk"})

    sockets = listen("127.0.0.1", 0)
    with caplog.at_level(logging.ERROR), pytest.raises(StartFailed):
        await GatewayServer(broken, sockets).__aenter__()
    assert "no disk" in caplog.text
    assert sockets[0].fileno() == -1


def test_a_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", port)


def test_a_name_is_bound_on_all_its_addresses_with_one_port() -> None:
    sockets = listen("localhost", 0)
    assert len({bound.getsockname()[1] for bound in sockets}) == 1
    for bound in sockets:
        bound.close()


def test_the_descriptor_limit_rises_to_fit_the_streams(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (600, before[1]))
        allow_descriptors(100)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 600
        allow_descriptors(1000)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(2256, before[1])
        allow_descriptors(10**8)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
        assert "are enough for" in caplog.text
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


PROGRAM = """
import asyncio, json
from gateway.serving.process import run, stop_requested
from gateway.serving.server import GatewayServer, listen
from gateway.tests.test_serving_server import app

async def main():
    async with GatewayServer(app, listen("127.0.0.1", 0), grace={grace}) as server:
        print(json.dumps(server.address), flush=True)
        await stop_requested()
        print("stopping", flush=True)
    return 0

raise SystemExit(run(main()))
"""


class Program:
    """The server in a process of its own, with a stream of endless length running."""

    def __init__(self, grace: float) -> None:
        command = [sys.executable, "-c", PROGRAM.format(grace=grace)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
        assert self.process.stdout
        self.lines = self.process.stdout
        address = json.loads(self.lines.readline())
        self.client = socket.create_connection(address, timeout=10)

    def ask(self, path: str) -> bytes:
        self.client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return self.client.recv(65536)

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait()
        self.lines.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_answer_finish_and_leaves_with_status_0(number: signal.Signals) -> None:
    with Program(grace=10) as program:
        program.ask("/stream/10")
        os.kill(program.process.pid, number)
        received = b"".join(iter(lambda: program.client.recv(65536), b""))
        assert received.endswith(b"hello\r\n0\r\n\r\n")
        assert program.process.wait(5) == 0


def test_a_signal_ends_what_is_longer_than_the_grace_time() -> None:
    with Program(grace=0.3) as program:
        program.ask("/stream/10000")
        started = time.monotonic()
        os.kill(program.process.pid, signal.SIGTERM)
        assert program.process.wait(5) == 0
        assert time.monotonic() - started < 2.3


def test_a_signal_that_comes_doubled_is_one() -> None:
    with Program(grace=10) as program:
        program.ask("/stream/5")
        os.kill(program.process.pid, signal.SIGTERM)
        assert program.lines.readline() == "stopping\n"
        os.kill(program.process.pid, signal.SIGTERM)
        assert program.process.wait(5) == 0


def test_a_signal_after_the_loop_ends_at_once() -> None:
    """Also within the moment in which a second one would count as the first."""
    program = """
import asyncio, os, signal, time
from gateway.serving.process import run, stop_requested

async def main() -> int:
    stop = stop_requested()
    os.kill(os.getpid(), signal.SIGTERM)
    await stop
    return 0

run(main())
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(10)
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=20)
    assert ended.returncode == -signal.SIGTERM


def test_a_second_signal_ends_at_once() -> None:
    with Program(grace=60) as program:
        program.ask("/stream/10000")
        os.kill(program.process.pid, signal.SIGTERM)
        assert program.lines.readline() == "stopping\n"
        time.sleep(0.3)
        os.kill(program.process.pid, signal.SIGTERM)
        assert program.process.wait(2) == -signal.SIGTERM
