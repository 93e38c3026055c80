"""One request of a client and the answer to it, as an ASGI application sees them."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

__all__ = ["Exchange", "Header", "Line"]

Header = tuple[bytes, bytes]

log = logging.getLogger("mochi")

NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
SENDABLE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
BODILESS = (204, 304)
LAST_CHUNK = b"0\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
DISCONNECT = {"type": "http.disconnect"}

# The lines of headers that were sent before: most answers carry the same few.
VARYING = (b"content-length", b"x-request-id", b"sec-websocket-accept")
MANY = 256
lines: dict[Header, bytes] = {}


class Line(Protocol):
    """What the exchanges of one connection share; `default_headers` are on every answer."""

    transport: asyncio.Transport
    flow: FlowControl

    @property
    def default_headers(self) -> list[Header]: ...

    def answered(self, exchange: "Exchange") -> None:
        """The last byte of an answer was written."""
        ...

    def ended(self, exchange: "Exchange") -> None:
        """The application has returned."""
        ...


class Exchange:
    """The body of a request as it arrives, and the answer on its way out.

    A write is a system call, the dearest single step of a small answer, so the head waits for the
    first part of the body, which every answer has and which follows at once.
    """

    __slots__ = (
        "_blocks",
        "_chunked",
        "_continues",
        "_head",
        "_leave",
        "_line",
        "_news",
        "_owed",
        "_size",
        "complete",
        "disconnected",
        "keep_alive",
        "more_body",
        "scope",
        "started",
        "task",
    )

    task: asyncio.Task[None]

    def __init__(
        self, line: Line, scope: dict[str, Any], *, keep_alive: bool, continues: bool
    ) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        self.more_body = True
        self.disconnected = False
        self.started = False
        self.complete = False
        self._line = line
        self._continues = continues
        self._blocks: list[bytes] | None = []
        self._size = 0
        self._news: asyncio.Event | None = None
        self._leave: Callable[[], None] | None = None
        self._head = b""
        self._chunked = False
        self._owed: int | None = None

    async def run(self, app: Any) -> None:
        """Let the application answer, and see to it that there is an answer or an end."""
        try:
            await app(self.scope, self.receive, self.send)
        except Exception:
            if not self.started:  # what breaks off later was logged by who answers the others
                log.exception("The application failed")
        finally:
            if not (self.complete or self.disconnected):
                self._line.transport.close()
            self._line.ended(self)

    def on_leaving(self, leave: Callable[[], None]) -> asyncio.Task[None]:
        """Call this when the client leaves before the end of the answer; gives the task at work."""
        self._leave = leave
        return self.task

    def left(self) -> None:
        """The client has gone."""
        if not self.complete:
            self.disconnect()
            if self._leave is not None:
                self._leave()
        self._let_go()

    def disconnect(self) -> None:
        """Nothing more is received or sent."""
        self.disconnected = True
        self._tell()

    def arrived(self, block: bytes) -> None:
        """More of the request's body."""
        if self._blocks is not None:
            self._blocks.append(block)
        self._size += len(block)
        if self._size > HIGH_WATER_LIMIT:
            self._line.flow.pause_reading()
        self._tell()

    def arrived_whole(self) -> None:
        """The end of the request's body."""
        self.more_body = False
        self._tell()

    def _tell(self) -> None:
        if self._news is not None:
            self._news.set()

    def _let_go(self) -> None:
        """Leave no cycle of references to be collected: scope and callback lead back here."""
        self._leave = None
        self.scope.pop("extensions", None)

    async def receive(self) -> Any:
        """The body as far as it has arrived; after its end, that the client has left."""
        if self._continues:
            self._continues = False
            self._line.transport.write(CONTINUE)
        while not (self.disconnected or self.complete):
            if self._blocks or (self._blocks is not None and not self.more_body):
                return self._taken(self._blocks)
            self._line.flow.resume_reading()
            if self._news is None:
                self._news = asyncio.Event()
            self._news.clear()
            await self._news.wait()
        return DISCONNECT

    def _taken(self, blocks: list[bytes]) -> Any:
        self._blocks = [] if self.more_body else None
        self._size = 0
        body = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Any) -> None:
        """Send what an ASGI application sends; nothing any more once the client has gone."""
        if self._line.flow.write_paused and not self.disconnected:
            await self._line.flow.drain()
        if self.disconnected:
            return
        kind = message["type"]
        if kind == "http.response.body" and self.started:
            self._continue(message.get("body", b""), message.get("more_body", False))
        elif kind == "http.response.start" and not self.started:
            self.started = True
            self._start(message["status"], message.get("headers", ()))
        else:
            raise RuntimeError(f"'{kind}' was sent out of turn.")

    def _start(self, status: int, headers: Iterable[Header]) -> None:
        self._continues = False
        head = [STATUS_LINE[status]]
        for header in (*self._line.default_headers, *headers):
            name, value = header
            if name == b"content-length":
                self._owed = int(value)
            elif name == b"connection" and value.lower() == b"close":
                self.keep_alive = False
                continue
            head.append(lines.get(header) or line(header))
        if not self.keep_alive:
            head.append(b"connection: close\r\n")
        # HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
        if self._owed is None and status not in BODILESS and self.scope["http_version"] != "1.0":
            self._chunked = True
            head.append(b"transfer-encoding: chunked\r\n")
        head.append(b"\r\n")
        self._head = b"".join(head)

    def _continue(self, body: bytes, more: bool) -> None:
        if self.complete:
            raise RuntimeError("More was sent after the end of the answer.")
        if self.scope["method"] == "HEAD":
            body = b""
        elif self._chunked:
            # An empty chunk would be the end (RFC 9112, 7.1).
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            body = body if more else body + LAST_CHUNK
        elif self._owed is not None:
            self._owed -= len(body)
            if self._owed < 0 or (self._owed and not more):
                raise RuntimeError("The body is not as long as its Content-Length says.")
        self._line.transport.write(self._head + body if self._head else body)
        self._head = b""
        if not more:
            self._finish()

    def _finish(self) -> None:
        self.complete = True
        self._tell()
        self._let_go()
        if not self.keep_alive:
            self._line.transport.close()
        self._line.answered(self)


def line(header: Header) -> bytes:
    """A header as it goes over the wire, if no line break or the like hides in it."""
    name, value = header
    varies = name in VARYING
    plain = value.isascii() and value.decode("ascii").isprintable()
    if not (plain or SENDABLE.fullmatch(value)) or not (varies or NAME.fullmatch(name)):
        raise RuntimeError("A header has a name or a value that cannot be sent.")
    rendered = b"%b: %b\r\n" % header
    if not varies:
        if len(lines) >= MANY:
            lines.clear()
        lines[header] = rendered
    return rendered
