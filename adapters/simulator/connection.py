"""A client's connection, on asyncio and httptools."""

import asyncio
import logging
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from typing import cast

import httptools

from .http import Exchange, RecordedRequest, status_line

__all__ = ["Connection"]

_MAX_HEAD = 1 << 20
_HIGH_WATER = 1 << 18

log = logging.getLogger(__name__)

Answer = Callable[[Exchange], Awaitable[None]]


class Connection(asyncio.Protocol):
    """Requests are answered one after the other, in the order they came.

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
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of a class of its own
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
            # the protocol asked for is not spoken here: one answer, and the end
            self._closing = True
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
                self._exchange = Exchange(self, request, lasting=lasting and not self._closing)
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

    async def aclose(self) -> None:
        """The server ends: what is under way is cancelled, and has gone when this returns."""
        self._closing = True
        if task := self._task:
            task.cancel()
            await asyncio.wait([task])
        if self._transport is not None:
            self._transport.abort()

    def _refuse(self, status: int) -> None:
        """What came is no request. An answer that is under way is finished first."""
        self._closing = True
        if self._exchange is not None:
            self._exchange.lasting = False
            return
        phrase = status_line(status)
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
