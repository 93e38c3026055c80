"""A server that does on the wire exactly what a test tells it to, and nothing else."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

__all__ = ["Peer", "Script", "Server", "answer", "chunked", "serving"]

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Peer:
    """The server's end of one connection; `number` counts them from 1."""

    def __init__(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.number = number
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """The next request, head and body. `IncompleteReadError` when the client has left."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        _, found, length = head.partition(b"Content-Length: ")
        return head + await self.reader.readexactly(int(length.split(b"\r\n")[0]) if found else 0)

    async def send(self, *pieces: bytes, pause: float = 0) -> None:
        """Each piece as a write of its own, `pause` seconds apart."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(pause)

    async def left(self) -> None:
        """Until the client has closed or reset the connection."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    async def reset(self) -> None:
        """RST instead of FIN."""
        await asyncio.sleep(0.01)  # let what was written get out
        self.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE
        )
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class Server:
    """What the test asks about the server it has started."""

    def __init__(self, script: Script) -> None:
        self.url = ""
        self.connections = 0
        self.idle = asyncio.Event()
        self._script = script
        self._running: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.idle.clear()
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._script(Peer(self.connections, reader, writer))
        finally:
            self._running.discard(task)
            writer.close()
            if not self._running:
                self.idle.set()

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(tuple(self._running))


@asynccontextmanager
async def serving(
    script: Script, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """Run `script` on every connection; it is closed when the script returns."""
    server = Server(script)
    listener = await asyncio.start_server(server.serve, host, 0, ssl=tls, backlog=512)
    port = listener.sockets[0].getsockname()[1]
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    server.url = f"{'https' if tls else 'http'}://{authority}"
    try:
        yield server
    finally:
        listener.close()
        await server.stop()
        await listener.wait_closed()


def answer(body: bytes = b"{}", status: str = "200 OK", headers: str = "") -> bytes:
    """A whole answer with a counted body; `headers` are whole lines."""
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{headers}\r\n"
    ).encode() + body


def chunked(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """A chunked NDJSON answer, one chunk per piece."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + end
