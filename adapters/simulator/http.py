"""HTTP/1.1 as Go's server frames it, on asyncio and httptools.

The framing is the point, so no web server stands in between: `Content-Length` up to 2048 bytes, one
HTTP chunk for every write of a stream, header names in Go's order.
"""

import asyncio
import logging
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, cast

import httptools
from msgspec import Struct

from .encoding import encode

__all__ = ["JSON", "NDJSON", "PLAIN_JSON", "Connection", "Exchange", "RecordedRequest"]

JSON = "application/json; charset=utf-8"
PLAIN_JSON = "application/json"
NDJSON = "application/x-ndjson"

_COUNTED = 2048  # Go's buffer: what is larger is sent before its length is known
_MAX_HEAD = 1 << 20
_HIGH_WATER = 1 << 18

log = logging.getLogger(__name__)


class RecordedRequest(Struct, frozen=True):
    """A request as it came: `path` with its query, header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    version: str = "1.1"


Answer = Callable[["Exchange"], Awaitable[None]]


class Exchange:
    """One request, and the means to answer it. `left` says that the client has gone."""

    def __init__(self, connection: "Connection", request: RecordedRequest, lasting: bool) -> None:
        self.request = request
        self.lasting = lasting
        self.left = False
        self.headers: list[tuple[str, str]] = []
        self._connection = connection
        self._chunked = False
        self.begun = False

    def json(self, value: Any, status: int = 200, content_type: str = JSON) -> None:
        self.whole(encode(value), status, content_type)

    def whole(
        self,
        body: bytes = b"",
        status: int = 200,
        content_type: str = "",
        *headers: tuple[str, str],
    ) -> None:
        """A reply of known length; a large one goes as one HTTP chunk, as Go has it."""
        bodiless = status in (204, 304)
        if len(body) > _COUNTED and self.request.version != "1.0":
            self.begin(status, content_type, *headers)
            self.chunk(body)
            self.end()
            return
        length = [] if bodiless else [("Content-Length", str(len(body)))]
        self._head(status, content_type, headers, length)
        if self.request.method != "HEAD" and not bodiless:
            self._write(body)

    def begin(self, status: int, content_type: str, *headers: tuple[str, str]) -> None:
        """The head of a stream."""
        self._chunked = self.request.version != "1.0"
        self.lasting = self.lasting and self._chunked
        chunked = self._chunked and self.request.method != "HEAD"
        self._head(
            status, content_type, headers, [], [("Transfer-Encoding", "chunked")] if chunked else []
        )

    def chunk(self, data: bytes) -> None:
        """More of a stream, as one HTTP chunk."""
        self._write(self._framed(data))

    async def send(self, data: bytes) -> None:
        """A chunk, and time for it to go: waits while the client does not read."""
        self.chunk(data)
        await self._connection.drained()

    async def send_raw(self, data: bytes) -> None:
        """Bytes that are framed already."""
        self.begun = True
        self._write(data)
        await self._connection.drained()

    def end(self) -> None:
        if self._chunked and self.request.method != "HEAD":
            self._write(b"0\r\n\r\n")

    def reset(self) -> None:
        self._connection.reset()

    def hang_up(self) -> None:
        self.lasting = False
        self._connection.close()

    def _framed(self, data: bytes) -> bytes:
        if self.request.method == "HEAD" or not data:
            return b""
        return b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data

    def _head(
        self,
        status: int,
        content_type: str,
        headers: tuple[tuple[str, str], ...],
        length: list[tuple[str, str]],
        encoding: list[tuple[str, str]] | None = None,
    ) -> None:
        """Go sorts what a handler set, and writes its own headers after that, in this order."""
        self.begun = True
        own = [*self.headers, *headers]
        if content_type:
            own.append(("Content-Type", content_type))
        own.sort(key=lambda header: header[0])  # stable: equal names keep their order
        every = [*own, ("Date", formatdate(usegmt=True)), *length, *self._persistence()]
        lines = "".join(f"{name}: {value}\r\n" for name, value in [*every, *(encoding or ())])
        self._write(f"HTTP/1.1 {_status_line(status)}\r\n{lines}\r\n".encode("latin-1", "replace"))

    def _persistence(self) -> list[tuple[str, str]]:
        if self.request.version == "1.0":
            return [("Connection", "keep-alive")] if self.lasting else []
        return [] if self.lasting else [("Connection", "close")]

    def _write(self, data: bytes) -> None:
        self._connection.write(data)


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} status code {status}"


class Connection(asyncio.Protocol):
    """A client's connection: requests are answered one after the other, in the order they came.

    When the client leaves, the request that is being answered is cancelled. Half of a connection is
    none: Go's server too takes the end of the client's side for its leaving.
    """

    def __init__(
        self,
        answer: Answer,
        on_open: Callable[["Connection"], None],
        on_closed: Callable[["Connection"], None],
    ) -> None:
        self._answer = answer
        self._on_open = on_open
        self._on_closed = on_closed
        self._waiting: deque[tuple[RecordedRequest, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._exchange: Exchange | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._closing = False
        self._head_size = 0
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, because uvloop's transports do not derive from asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_HIGH_WATER)
        self._on_open(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._closing = True
        self._writable.set()
        self._client_left()
        self._on_closed(self)

    def eof_received(self) -> bool:
        # a request that came with the end of the connection gets its first step before it is ended
        asyncio.get_running_loop().call_soon(self._client_left)
        return True

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        if self._head_size >= 0:
            self._head_size += len(data)
            if self._head_size > _MAX_HEAD:
                self._refuse(431)
                return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._closing = (
                True  # the protocol asked for is not spoken here: one answer, and the end
            )
        except httptools.HttpParserError:
            self._refuse(400)

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()
        self._head_size = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._head_size = -1
        if dict(self._headers).get("expect", "").lower() == "100-continue" and not self._task:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        request = RecordedRequest(
            self._parser.get_method().decode("latin-1"),
            self._url.decode("latin-1"),
            dict(self._headers),
            bytes(self._body),
            self._parser.get_http_version(),
        )
        self._waiting.append((request, bool(self._parser.should_keep_alive())))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        try:
            while self._waiting and self._transport is not None:
                request, lasting = self._waiting.popleft()
                self._exchange = Exchange(self, request, lasting and not self._closing)
                await self._answered(self._exchange)
                if not self._exchange.lasting:
                    self.close()
                    return
        finally:
            self._exchange = None
            self._task = None

    async def _answered(self, exchange: Exchange) -> None:
        try:
            await self._answer(exchange)
        except Exception:
            # as after a panic in Go: the log has the reason, the client an empty 500
            log.exception("the simulator failed on %s", exchange.request.path)
            exchange.lasting = False
            if not exchange.begun:
                exchange.whole(status=500)

    def write(self, data: bytes) -> None:
        if self._transport is not None and data:
            self._transport.write(data)

    async def drained(self) -> None:
        """Wait for room, and give the loop the chance to notice that the client has left."""
        await asyncio.sleep(0)
        if not self._writable.is_set():
            await self._writable.wait()

    def close(self) -> None:
        self._closing = True
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Close without reading what is left, so that the other side gets a reset."""
        self._closing = True
        if self._transport is not None:
            _linger_not(self._transport)
            self._transport.abort()

    def abort(self) -> None:
        """The server ends."""
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()

    def _refuse(self, status: int) -> None:
        """What came is no request. An answer that is under way is finished first."""
        self._closing = True
        if self._exchange is not None:
            self._exchange.lasting = False
            return
        phrase = _status_line(status)
        self.write(
            f"HTTP/1.1 {phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Connection: close\r\n\r\n{phrase}".encode()
        )
        self.close()

    def _client_left(self) -> None:
        if self._exchange is not None:
            self._exchange.left = True
        if self._task is not None:
            self._task.cancel()
        self.close()


def _linger_not(transport: asyncio.Transport) -> None:
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
