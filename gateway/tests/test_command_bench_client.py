"""The client of the load generator: connections are kept, and lost ones are nobody's fault."""

import asyncio

import pytest

from gateway.cli import parsed
from gateway.commands.benching.answer import Answer
from gateway.commands.benching.arguments import plan
from gateway.commands.benching.client import Client
from gateway.commands.benching.connection import Connection
from gateway.commands.benching.plan import Plan
from gateway.tests.bench_server import (
    DROP,
    BenchServer,
    Step,
    bench_server,
    chunked,
    frame,
    head,
    stream,
)


def planned(server: BenchServer, *options: str) -> Plan:
    return plan(parsed(["bench", "demo", "--base-url", server.url, *options]), "", None)


def client(server: BenchServer, *options: str) -> Client:
    made = planned(server, *options)
    return Client(made.targets[0], made.load)


async def test_one_connection_serves_one_after_the_other() -> None:
    with bench_server(stream()) as server:
        asking = client(server)
        answers = [await asking.ask() for _ in range(20)]
        asking.close()
    assert [answer.fault for answer in answers] == [None] * 20
    assert (asking.opened, server.connections) == (1, 1)


async def test_so_many_connections_as_requests_at_a_time() -> None:
    with bench_server([0.05, *stream()]) as server:
        asking = client(server)
        for _ in range(3):
            await asyncio.gather(*(asking.ask() for _ in range(4)))
        asking.close()
    assert server.connections == 4


async def test_a_kept_connection_that_died_is_replaced_in_silence() -> None:
    with bench_server(lambda number: [*stream(), DROP] if number == 0 else stream()) as server:
        asking = client(server)
        assert (await asking.ask()).fault is None
        assert (await asking.ask()).fault is None
        asking.close()
    assert asking.opened == 2


async def test_a_kept_connection_that_dies_under_a_request_is_replaced_once() -> None:
    with bench_server(lambda number: [DROP] if number == 1 else stream()) as server:
        asking = client(server)
        assert (await asking.ask()).fault is None
        assert (await asking.ask()).fault is None
        asking.close()
        assert len(server.bodies) == 3


async def test_a_server_that_says_so_gets_a_new_connection_each_time() -> None:
    closing: list[Step] = [head(connection="close"), *stream()[1:], DROP]
    with bench_server(closing) as server:
        asking = client(server)
        for _ in range(3):
            assert (await asking.ask()).fault is None
    assert server.connections == 3


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    plain = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
    right = [step for step in stream() if isinstance(step, bytes)][1:-1]
    frames = b"".join(block.partition(b"\r\n")[2].removesuffix(b"\r\n") for block in right)
    with bench_server([plain, frames, DROP]) as server:
        answer = await client(server).ask()
    assert answer.fault is None
    assert answer.tokens == 2


async def test_interim_answers_and_single_bytes_are_understood() -> None:
    whole = b"".join(step for step in stream() if isinstance(step, bytes))
    drops: list[Step] = [b"HTTP/1.1 100 Continue\r\n\r\n"]
    drops += [whole[place : place + 1] for place in range(len(whole))]
    with bench_server(drops) as server:
        answer = await client(server).ask()
    assert answer.fault is None
    assert answer.pieces == 2


async def test_a_second_answer_that_nobody_asked_for_ends_the_connection() -> None:
    twice = b"".join(step for step in stream() if isinstance(step, bytes)) * 2
    with bench_server([twice]) as server:
        asking = client(server)
        assert (await asking.ask()).fault is None
        assert (await asking.ask()).fault is None
    assert asking.opened == 2


async def test_an_answer_that_stalls_is_given_up() -> None:
    with bench_server([head(), chunked(frame({"choices": []})), 5.0]) as server:
        async with asyncio.timeout(4):
            answer = await client(server, "--timeout", "0.1").ask()
    assert answer.fault
    assert (answer.fault.kind, answer.status) == ("timeout", 200)


async def test_a_server_that_closes_whatever_is_opened_is_an_error() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made = BenchServer(lambda _: [])
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    asking = client(made)
    async with asyncio.timeout(10):
        answers = [await asking.ask() for _ in range(50)]
    assert {answer.fault.kind for answer in answers if answer.fault} <= {
        "connection broken",
        "unreachable",
    }
    assert all(answer.fault for answer in answers)
    server.close()


async def test_a_connection_that_is_gone_is_not_waited_for() -> None:
    with bench_server(stream()) as server:
        loop = asyncio.get_running_loop()
        port = int(server.url.rpartition(":")[2])
        _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
        connection.abort()
        async with asyncio.timeout(5):
            assert not await connection.ask(b"", Answer(0, None, lambda _: None))


async def test_a_cancelled_request_closes_its_connection() -> None:
    left = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head() + chunked(frame({"choices": []})))
        await reader.read()
        left.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made = BenchServer(lambda _: [])
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    asking = loop.create_task(client(made).ask())
    await asyncio.sleep(0.1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    async with asyncio.timeout(2):
        await left.wait()
    server.close()
