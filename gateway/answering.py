"""uvicorn's half of a request, sending a head together with the first bytes of its body."""

import re
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

__all__ = ["Answering"]

Header = tuple[bytes, bytes]

NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
UNSENDABLE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
BODILESS = (204, 304)

# The lines of headers that were sent before: most answers carry the same few.
VARYING = (b"content-length", b"x-request-id")
MANY = 256
lines: dict[Header, bytes] = {}


class Answering(RequestResponseCycle):
    """One answer on its way to the client.

    A write is a system call, the dearest single step of a small answer. So the head waits for the
    first part of the body, which every answer has and which follows at once.
    """

    _head = b""

    async def send(self, message: Any) -> None:
        """Send what an ASGI application sends; nothing any more once the client has gone."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if not self.response_started and message["type"] == "http.response.start":
            self._start(message["status"], message.get("headers", ()))
        elif self.response_started and message["type"] == "http.response.body":
            self._continue(message.get("body", b""), message.get("more_body", False))
        else:
            raise RuntimeError(f"'{message['type']}' was sent out of turn.")

    def _start(self, status: int, headers: Iterable[Header]) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        head = [STATUS_LINE[status]]
        for header in (*self.default_headers, *headers):
            name, value = header
            if name == b"content-length":
                self.chunked_encoding = False
                self.expected_content_length = int(value)
            elif name == b"connection" and value.lower() == b"close":
                self.keep_alive = False
                continue
            head.append(lines.get(header) or line(header))
        if not self.keep_alive:
            head.append(b"connection: close\r\n")
        if self.chunked_encoding is None and status not in BODILESS:
            self.chunked_encoding = True
            head.append(b"transfer-encoding: chunked\r\n")
        head.append(b"\r\n")
        self._head = b"".join(head)

    def _continue(self, body: bytes, more: bool) -> None:
        if self.response_complete:
            raise RuntimeError("More was sent after the end of the answer.")
        if self.scope["method"] == "HEAD":
            body = b""
        elif self.chunked_encoding:
            body = chunk(body, more)
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0 or (self.expected_content_length and not more):
                raise RuntimeError("The body is not as long as its Content-Length says.")
        self.transport.write(self._head + body if self._head else body)
        self._head = b""
        if not more:
            self._finish()

    def _finish(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


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
