"""Answers that are told that the server is to stop."""

import asyncio
from typing import Any

import httpx
from litestar.types import Scope

from gateway.http.draining import when_draining
from gateway.serving.server import GatewayServer, listen
from gateway.tests.test_serving_server import lifespan


class Waiting:
    """An application whose answers say how often they were told, and only then."""

    def __init__(self) -> None:
        self.begun = asyncio.Queue[None]()
        self._told = 0
        self._draining = asyncio.Event()

    def drain(self) -> None:
        self._told += 1
        self._draining.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await lifespan(receive, send)
        when_draining(scope, self.drain)
        self.begun.put_nowait(None)
        await self._draining.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"%d" % self._told})
        return None


async def test_who_waits_is_told_once_while_answers_may_still_finish() -> None:
    waiting = Waiting()
    async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
        async with GatewayServer(waiting, listen("127.0.0.1", 0), grace=5) as server:
            asked = [asyncio.create_task(http.get(server.url)) for _ in range(2)]
            for _ in asked:
                await waiting.begun.get()
        assert [(await each).text for each in asked] == ["1", "1"]


async def test_under_another_server_nobody_is_told() -> None:
    scopes: list[dict[str, Any]] = [{}, {"extensions": None}, {"extensions": {}}]
    for scope in scopes:
        http_scope: Scope = scope  # type: ignore[assignment]
        when_draining(http_scope, lambda: None)
        assert not scope.get("extensions")
