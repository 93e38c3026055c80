"""The stream of a session as a client reads it: event by event, until the client has enough."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from extensions.chat.tests.talking import ID, Gateway

__all__ = ["PROMISED", "Events", "free", "names", "reading", "until"]

PROMISED = 0.5
"""Seconds until what a client leaves behind is cleared away."""

Told = tuple[str, dict[str, Any]]


class Events:
    """What comes over a stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.seen: list[Told] = []
        self._lines = response.aiter_lines()

    async def until(self, name: str) -> dict[str, Any]:
        """The data of the next event of this name; all before it are only `seen`."""
        async with asyncio.timeout(5):
            while True:
                told = await self.next()
                if told[0] == name:
                    return told[1]

    async def rest(self) -> list[Told]:
        """All that was seen, to the end."""
        await self.until("done")
        return self.seen

    async def next(self) -> Told:
        name = ""
        async for line in self._lines:
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            if line.startswith("data: "):
                self.seen.append((name, json.loads(line.removeprefix("data: "))))
                return self.seen[-1]
        raise AssertionError(f"The stream ended after {self.seen}.")


@asynccontextmanager
async def reading(
    gateway: Gateway, message: str | None = "Hi", session: str = ID
) -> AsyncGenerator[Events, None]:
    """A stream that has opened; leaving this is leaving the stream."""
    path = f"/api/v1/chat/{session}/stream"
    async with gateway.http.stream("POST", path, json={"message": message}) as response:
        yield Events(response)


def names(told: list[Told]) -> list[str]:
    return [name for name, _ in told]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def free(gateway: Gateway) -> None:
    """Wait until nobody holds the session."""
    async with asyncio.timeout(PROMISED), gateway.sessions.turn(ID):
        pass
