"""A server that plays back what it is given, byte for byte and cut as asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.ollama.backend import OllamaBackend
from adapters.upstream.client import LIMITS, TIMEOUTS, Limits, Timeouts, UpstreamClient

RECORDINGS = Path(__file__).parent / "recordings"

FOREVER = object()
"""In a script: stay silent until the client goes away."""


class Playback:
    """Answers every request with the next script, the last one again and again.

    A script is a list of writes; the connection is closed after it unless the answer says how
    long it is and the request may be followed by another.
    """

    def __init__(self, *scripts: list[Any]) -> None:
        self.scripts = list(scripts)
        self.requests: list[tuple[str, bytes]] = []
        self.connections = 0
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head.decode(), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left.set()
        finally:
            writer.close()

    async def _answer(
        self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        length = next(
            (int(line[15:]) for line in head.lower().split("\r\n") if "content-length" in line), 0
        )
        self.requests.append((head.split(" HTTP")[0], await reader.readexactly(length)))
        self.asked.set()
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        for part in script:
            if part is FOREVER:
                await reader.readexactly(1)
            writer.write(part)
            await writer.drain()
            for _ in range(3):  # let the client read before the next write joins this one
                await asyncio.sleep(0)
        if b"onnection: close" in b"".join(script):
            raise ConnectionError


@asynccontextmanager
async def playing(
    *scripts: list[Any], timeouts: Timeouts = TIMEOUTS, limits: Limits = LIMITS
) -> AsyncIterator[tuple[OllamaBackend, Playback]]:
    """A backend, and the server it talks to."""
    playback = Playback(*scripts)
    server = await asyncio.start_server(playback.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = UpstreamClient(f"http://127.0.0.1:{port}", timeouts=timeouts, limits=limits)
    backend = OllamaBackend(client)
    try:
        yield backend, playback
    finally:
        await backend.aclose()
        server.close()


def answer(
    body: bytes | Iterable[bytes],
    *,
    status: int = 200,
    content_type: str = "application/json; charset=utf-8",
    headers: str = "",
) -> list[bytes]:
    """The script of one answer: a counted body, or one HTTP chunk for each of several blocks."""
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: {content_type}\r\n{headers}"
    if isinstance(body, bytes):
        return [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body]
    chunks = [b"%x\r\n%b\r\n" % (len(block), block) for block in body]
    return [f"{head}Transfer-Encoding: chunked\r\n\r\n".encode(), *chunks, b"0\r\n\r\n"]


def stream(*lines: bytes) -> list[bytes]:
    """The script of an NDJSON answer, one HTTP chunk a line."""
    return answer([line + b"\n" for line in lines], content_type="application/x-ndjson")


def recording(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    return loaded


def recorded(name: str) -> list[bytes]:
    """The script of a recorded answer, its HTTP chunks as they came."""
    response = recording(name)["response"]
    headers = "".join(f"{key}: {value}\r\n" for key, value in response["headers"])
    head = f"{response['reason']}\r\n{headers}\r\n".encode()
    if "chunked" not in headers:
        return [head + response["body"].encode()]
    chunks = [chunk.encode() for chunk in response.get("http_chunks") or [response["body"]]]
    return [head, *(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks), b"0\r\n\r\n"]


def whole(script: list[bytes]) -> list[bytes]:
    """All in one write."""
    return [b"".join(script)]


def crumbs(script: list[bytes]) -> list[bytes]:
    """Seven bytes at a time, through the middle of characters, lines and chunks."""
    data = b"".join(script)
    return [data[at : at + 7] for at in range(0, len(data), 7)]


Cut = Callable[[list[bytes]], list[bytes]]
CUTS: tuple[Cut, ...] = (list, whole, crumbs)
