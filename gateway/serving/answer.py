"""The sending half of a request on uvicorn: a head goes out with the first bytes of its body."""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from gateway.http.leaving import LEAVING

__all__ = ["Answering"]

Header = tuple[bytes, bytes]

NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
UNSENDABLE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
BODILESS = (204, 304)

# The lines of headers that were sent before: most answers carry the same few.
VARYING = (b"content-length", b"x-request-id")
MANY = 256
lines: dict[Header, bytes] = {}


class Answering:
    """An application, and one answer of it on its way to the client.

    It stands in for uvicorn's own `send`. A write is a system call, the dearest single step of a
    small answer, so the head waits for the first part of the body, which every answer has and which
    follows at once.
    """

    __slots__ = ("_app", "_cycle", "_head", "_leave", "_until_close")

    def __init__(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._cycle = cycle
        self._app = app
        self._head = b""
        self._until_close = False
        self._leave: Callable[[], None] | None = None

    def __call__(self, scope: Any, receive: Any, _: Any) -> Awaitable[None]:
        scope["extensions"] = {LEAVING: self.on_leaving}
        answered: Awaitable[None] = self._app(scope, receive, self.send)
        return answered

    def on_leaving(self, leave: Callable[[], None]) -> None:
        """Call this when the client leaves before the end of the answer."""
        self._leave = leave

    def left(self) -> None:
        """The client has gone. uvicorn tells only the newest request of a connection."""
        if not self._cycle.response_complete:
            self._cycle.disconnected = True
            self._cycle.message_event.set()
            if self._leave is not None:
                self._leave()
        self._let_go()

    def _let_go(self) -> None:
        """Leave no cycle of references to be collected: scope and callback lead back here."""
        self._leave = None
        self._cycle.scope.pop("extensions", None)

    async def send(self, message: Any) -> None:
        """Send what an ASGI application sends; nothing any more once the client has gone."""
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        kind = message["type"]
        if kind == "http.response.body" and cycle.response_started:
            self._continue(message.get("body", b""), message.get("more_body", False))
        elif kind == "http.response.start" and not cycle.response_started:
            cycle.response_started = True
            self._start(message["status"], message.get("headers", ()))
        else:
            raise RuntimeError(f"'{kind}' was sent out of turn.")

    def _start(self, status: int, headers: Iterable[Header]) -> None:
        cycle = self._cycle
        cycle.waiting_for_100_continue = False
        head = [STATUS_LINE[status]]
        for header in (*cycle.default_headers, *headers):
            name, value = header
            if name == b"content-length":
                cycle.chunked_encoding = False
                cycle.expected_content_length = int(value)
            elif name == b"connection" and value.lower() == b"close":
                cycle.keep_alive = False
                continue
            head.append(lines.get(header) or line(header))
        if not cycle.keep_alive:
            head.append(b"connection: close\r\n")
        if cycle.chunked_encoding is None and status not in BODILESS:
            self._until_close = cycle.scope["http_version"] == "1.0"  # which knows no chunks
            cycle.chunked_encoding = not self._until_close
            if cycle.chunked_encoding:
                head.append(b"transfer-encoding: chunked\r\n")
        head.append(b"\r\n")
        self._head = b"".join(head)

    def _continue(self, body: bytes, more: bool) -> None:
        cycle = self._cycle
        if cycle.response_complete:
            raise RuntimeError("More was sent after the end of the answer.")
        if cycle.scope["method"] == "HEAD":
            body = b""
        elif cycle.chunked_encoding:
            body = chunk(body, more)
        elif not self._until_close:
            cycle.expected_content_length -= len(body)
            if cycle.expected_content_length < 0 or (cycle.expected_content_length and not more):
                raise RuntimeError("The body is not as long as its Content-Length says.")
        cycle.transport.write(self._head + body if self._head else body)
        self._head = b""
        if not more:
            self._finish()

    def _finish(self) -> None:
        cycle = self._cycle
        cycle.response_complete = True
        cycle.message_event.set()
        self._let_go()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()


def chunk(body: bytes, more: bool) -> bytes:
    """A part of a body of unknown length (RFC 9112, 7.1); an empty chunk would be its end."""
    framed = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    return framed if more else framed + b"0\r\n\r\n"


def line(header: Header) -> bytes:
    """A header as it goes over the wire, if no line break or the like hides in it."""
    name, value = header
    if not NAME.fullmatch(name) or UNSENDABLE.search(value):
        raise RuntimeError("A header has a name or a value that cannot be sent.")
    rendered = b"%b: %b\r\n" % header
    if name not in VARYING:
        if len(lines) >= MANY:
            lines.clear()
        lines[header] = rendered
    return rendered
