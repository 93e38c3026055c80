"""Replies as Go's HTTP/1.1 server frames them.

The framing is the point, so no web server stands in between: `Content-Length` up to 2048 bytes, one
HTTP chunk for every write of a stream, header names in Go's order.
"""

from collections.abc import Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Protocol

from msgspec import Struct

from .encoding import encode

__all__ = [
    "JSON",
    "NDJSON",
    "PLAIN_JSON",
    "Exchange",
    "RecordedRequest",
    "Wire",
    "status_line",
]

JSON = "application/json; charset=utf-8"
PLAIN_JSON = "application/json"
NDJSON = "application/x-ndjson"

_COUNTED = 2048  # Go's buffer: what is larger is sent before its length is known


Headers = Sequence[tuple[str, str]]


class RecordedRequest(Struct, frozen=True):
    """A request as it came: `path` with its query, header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    version: str = "1.1"


class Wire(Protocol):
    """The connection that a reply goes to."""

    def write(self, data: bytes) -> None: ...
    async def drained(self) -> None: ...
    def close(self) -> None: ...
    def reset(self) -> None: ...


class Exchange:
    """One request, and the means to answer it.

    `lasting`: the connection is kept afterwards; `begun`: the head is written; `left`: the client
    has gone. `headers` are added to those of the reply.
    """

    def __init__(self, wire: Wire, request: RecordedRequest, *, lasting: bool) -> None:
        self.request = request
        self.lasting = lasting
        self.begun = False
        self.left = False
        self.headers: list[tuple[str, str]] = []
        self._wire = wire
        self._chunked = False

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
        self._head(status, content_type, headers, length=length)
        if self._has_body and not bodiless:
            self._write(body)

    def begin(self, status: int, content_type: str, *headers: tuple[str, str]) -> None:
        """The head of a stream."""
        self._chunked = self.request.version != "1.0"
        self.lasting = self.lasting and self._chunked
        encoding = [("Transfer-Encoding", "chunked")] if self._chunked and self._has_body else []
        self._head(status, content_type, headers, encoding=encoding)

    def chunk(self, data: bytes) -> None:
        """More of a stream, as one HTTP chunk."""
        self._write(self._framed(data))

    async def send(self, data: bytes) -> None:
        """A chunk, and time for it to go: waits while the client does not read."""
        self.chunk(data)
        await self._wire.drained()

    async def send_raw(self, data: bytes) -> None:
        """Bytes that are framed already."""
        self.begun = True
        self._write(data)
        await self._wire.drained()

    def end(self) -> None:
        if self._chunked and self._has_body:
            self._write(b"0\r\n\r\n")

    def reset(self) -> None:
        self._wire.reset()

    def hang_up(self) -> None:
        self.lasting = False
        self._wire.close()

    @property
    def _has_body(self) -> bool:
        return self.request.method != "HEAD"

    def _framed(self, data: bytes) -> bytes:
        if not self._has_body or not data:
            return b""
        return b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data

    def _head(
        self,
        status: int,
        content_type: str,
        headers: Headers,
        *,
        length: Headers = (),
        encoding: Headers = (),
    ) -> None:
        """Go sorts what a handler set, and writes its own headers after that, in this order."""
        self.begun = True
        own = [*self.headers, *headers]
        if content_type:
            own.append(("Content-Type", content_type))
        own.sort(key=lambda header: header[0])  # stable: equal names keep their order
        every = [*own, ("Date", formatdate(usegmt=True)), *length, *self._persistence(), *encoding]
        lines = "".join(f"{name}: {value}\r\n" for name, value in every)
        self._write(f"HTTP/1.1 {status_line(status)}\r\n{lines}\r\n".encode("latin-1", "replace"))

    def _persistence(self) -> Headers:
        if self.request.version == "1.0":
            return [("Connection", "keep-alive")] if self.lasting else []
        return [] if self.lasting else [("Connection", "close")]

    def _write(self, data: bytes) -> None:
        self._wire.write(data)


def status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} status code {status}"
