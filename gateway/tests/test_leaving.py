"""Clients that leave at any point, through every layer down to the simulated Ollama."""

import asyncio
import random

import pytest

from adapters.ollama.backend import OllamaBackend
from adapters.simulator import Simulator
from adapters.upstream.client import UpstreamClient
from gateway.app import create_app
from gateway.http.guards import GuardRules
from gateway.serving.server import GatewayServer, listen

BODY = (
    b'{"model":"%b","stream":%b,"messages":[{"role":"user","content":"Count to 50"}],'
    b'"max_tokens":40}'
)
HEAD = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)
MODELS = (b"demo", b"demo-slow", b"demo-broken-reset", b"nobody")


async def visit(address: tuple[str, int], chance: random.Random) -> None:
    """One request, by a client that leaves after a while or stays to the end."""
    body = BODY % (chance.choice(MODELS), chance.choice([b"true", b"false"]))
    request = HEAD % len(body) + body
    cut = chance.choice([len(request), len(request), chance.randrange(len(request))])
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(request[:cut])
        async with asyncio.timeout(chance.choice([0, 0.002, 0.02, 0.1])):
            while await reader.read(4096):
                pass
    except TimeoutError:
        pass
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_is_left_behind(seed: int) -> None:
    chance = random.Random(seed)
    before = asyncio.all_tasks()
    async with Simulator(token_delay=0.001) as simulator:
        client = UpstreamClient(simulator.url)
        app = create_app(OllamaBackend(client), guards=GuardRules())
        async with GatewayServer(app, listen("127.0.0.1", 0), grace=1) as server:
            for _ in range(25):
                await asyncio.gather(*(visit(server.address, chance) for _ in range(20)))
            # What is promised is a quarter of a second; a busy machine may take longer.
            async with asyncio.timeout(5):
                while client.active or simulator.active:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        assert simulator.cancelled > 0
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before
