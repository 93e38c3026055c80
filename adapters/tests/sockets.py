"""Plain sockets for tests that look at bytes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from adapters.simulator import Simulator

__all__ = ["Reply", "ask", "connected", "post_bytes", "read_reply", "until"]


class Reply(Struct):
    """`pieces` are the HTTP chunks of a body; `whole` says that it came to its end."""

    status: int
    headers: dict[str, str]
    body: bytes
    pieces: list[bytes]
    whole: bool

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def text(self) -> str:
        """The contents of all objects of a chat."""
        return "".join(line["message"]["content"] for line in self.lines)


def post_bytes(path: str, body: Any, method: str = "POST", **headers: str) -> bytes:
    """A request; a body that is no bytes goes as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Host": "localhost", "Content-Length": str(len(data)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + data


@asynccontextmanager
async def connected(
    simulator: Simulator,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    port = int(simulator.url.rpartition(":")[2])
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        try:
            yield reader, writer
        finally:
            writer.close()


async def read_reply(reader: asyncio.StreamReader, *, bodiless: bool = False) -> Reply:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    reply = Reply(int(head[0].split()[1]), headers, b"", [], True)
    try:
        if bodiless:
            pass
        elif headers.get("Transfer-Encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                reply.pieces.append((await reader.readexactly(size + 2))[:-2])
            await reader.readexactly(2)
        elif "Content-Length" in headers:
            reply.pieces.append(await reader.readexactly(int(headers["Content-Length"])))
        else:
            reply.pieces.append(await reader.read())
    except (asyncio.IncompleteReadError, ValueError, ConnectionError):
        reply.whole = False
    reply.body = b"".join(reply.pieces)
    return reply


async def ask(
    simulator: Simulator, path: str, body: Any = b"", method: str = "", **headers: str
) -> Reply:
    """One request on a connection of its own."""
    method = method or ("POST" if body != b"" else "GET")
    async with connected(simulator) as (reader, writer):
        writer.write(post_bytes(path, body, method, **headers))
        return await read_reply(reader, bodiless=method == "HEAD")


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that happens on the other side of a socket."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the other side has no event to wait for
            await asyncio.sleep(0.001)
