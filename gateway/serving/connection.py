"""One client's connection: HTTP/1.1 towards it, ASGI towards the application."""

import asyncio
import urllib.parse
from collections import deque
from typing import Any, cast

import httptools
import msgspec
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.protocols.utils import get_local_addr, get_remote_addr

from gateway.core.ids import new_id
from gateway.dialects.openai.errors import ErrorBody, ErrorObject
from gateway.http.draining import DRAINING
from gateway.http.leaving import LEAVING
from gateway.serving.exchange import Exchange, Header
from gateway.serving.service import Deadlines, Phase, Service

__all__ = ["Connection"]

HEAD_LIMIT = 64 * 1024
PIPELINE_LIMIT = 256
"""Requests that may wait behind one being answered; a client that sends more is cut off."""
MANY = 256

ASGI = {"version": "3.0", "spec_version": "2.3"}

# What requests repeat: names of headers in any case, and targets with their path and query.
lower_names: dict[bytes, bytes] = {}
targets: dict[bytes, tuple[str, bytes, bytes]] = {}


class Connection(asyncio.Protocol):
    """A connection that its server asks about once a second, so that a request arms no timer.

    Requests are answered one after the other. `_read` is the last whose head is whole, `_answering`
    the one at work, and between them wait the others; the socket is read meanwhile, because only
    so is it noticed that a client has left.
    """

    transport: asyncio.Transport
    flow: FlowControl

    def __init__(self, service: Service) -> None:
        self._service = service
        self._parser = httptools.HttpRequestParser(self)
        # A request behind one that asks to close would undo the answer to that one.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._heading = True
        self._head_bytes = 0
        self._target = b""
        self._headers: list[Header] | None = None
        self._continues = False
        self._upgrading: dict[str, Any] | None = None
        self._read: Exchange | None = None
        self._answering: Exchange | None = None
        self._pipeline: deque[Exchange] = deque()
        self._deaf = False
        self._refused = False
        self._phase: Phase | None = None
        self._since = 0.0
        self._seen: object = None
        self._unsent = 0

    @property
    def default_headers(self) -> list[Header]:
        return self._service.default_headers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.flow = FlowControl(self.transport)
        self._server = get_local_addr(self.transport)
        self._client = get_remote_addr(self.transport)
        self._service.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._service.connections.discard(self)
        self._pipeline.clear()
        for exchange in (self._read, self._answering):
            if exchange is not None:
                exchange.left()
        self._read = self._answering = None
        self.flow.resume_writing()
        self.transport.close()
        del self._parser  # it holds this object: without it no cycle is left to be collected

    def pause_writing(self) -> None:
        self.flow.pause_writing()

    def resume_writing(self) -> None:
        self.flow.resume_writing()

    def eof_received(self) -> None:
        """A client that has said everything has left, for all we know: the socket closes."""

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        before = self._headers
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self._upgrading is not None:
                self._hand_over(self._upgrading, data[offer.args[0] :])
                return
            # The parser reads nothing after an offer to upgrade: answer in HTTP/1.1, and close.
            if self._read is not None:
                self._read.keep_alive = False
        except httptools.HttpParserError:
            self._refuse_garbage()
            return
        if self._heading:
            # Not the read in which it begins: that may hold the end of a large body, too.
            self._head_bytes += len(data) if self._headers is before else 0
            if self._head_bytes > HEAD_LIMIT:
                self._refuse(431, "The request's head is larger than 64 KiB.")
        elif len(self._pipeline) > PIPELINE_LIMIT:
            self.abort()

    def on_message_begin(self) -> None:
        self._heading = True
        self._head_bytes = 0
        self._target = b""
        self._headers = []
        self._continues = False

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = lower_names.get(name) or lower_name(name)
        if name == b"expect" and value.lower() == b"100-continue":
            self._continues = True
        if self._headers is not None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        version = parser.get_http_version()
        path, raw_path, query = targets.get(self._target) or target(self._target)
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": ASGI,
            "http_version": version,
            "method": parser.get_method().decode("ascii"),
            "scheme": "http",
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": self._headers,
            "server": self._server,
            "client": self._client,
            "state": self._service.state.copy(),
        }
        if path in self._service.websockets and self._is_handshake(scope):
            self._upgrading = scope
            return
        exchange = Exchange(
            self,
            scope,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            continues=self._continues,
        )
        scope["extensions"] = {LEAVING: exchange.on_leaving, DRAINING: self._service.draining}
        self._heading = False
        self._read = exchange
        if self._answering is None:
            self._start(exchange)
        else:
            self._pipeline.append(exchange)

    def on_body(self, body: bytes) -> None:
        if self._read is not None and not self._read.complete:
            self._read.arrived(body)

    def on_message_complete(self) -> None:
        if self._read is not None and not self._read.complete:
            self._read.arrived_whole()

    def _is_handshake(self, scope: dict[str, Any]) -> bool:
        """Whether a WebSocket is asked for. Not behind a request that is still being answered:
        what comes next would belong to both."""
        if scope["method"] != "GET" or self._answering is not None:
            return False
        offers = [value.lower() for name, value in scope["headers"] if name == b"upgrade"]
        return offers == [b"websocket"] and bool(self._parser.should_upgrade())

    def _hand_over(self, scope: dict[str, Any], rest: bytes) -> None:
        """Let a WebSocket have the connection, and the bytes behind the handshake."""
        from gateway.serving.websocket import WebSocket  # seldom needed, and 20 ms to import

        service = self._service
        socket = WebSocket(service, self.transport, scope, limit=service.websockets[scope["path"]])
        service.connections.discard(self)
        self.transport.set_protocol(socket)
        del self._parser
        if rest:
            socket.data_received(rest)

    def _start(self, exchange: Exchange) -> None:
        service = self._service
        self._answering = exchange
        exchange.task = service.loop.create_task(exchange.run(service.app))
        service.exchanges.add(exchange)

    def answered(self, exchange: Exchange) -> None:
        """Go on with the next request that waits, and read on when none does any more."""
        self._answering = None
        if self.transport.is_closing():
            return
        if self._pipeline:
            self._start(self._pipeline.popleft())
        if not self._pipeline:
            self.flow.resume_reading()

    def ended(self, exchange: Exchange) -> None:
        """The application has returned."""
        self._service.exchanges.discard(exchange)

    def check(self, now: float, deadlines: Deadlines) -> None:
        """End a phase that has lasted too long.

        It starts anew with another request and, while there is something to write, whenever the
        client took any of it.
        """
        phase, unsent = self._current_phase(), self.transport.get_write_buffer_size()
        same_request = self._seen is self._headers and self._unsent == unsent
        if phase != self._phase or not same_request:
            self._phase, self._since = phase, now
            self._seen, self._unsent = self._headers, unsent
        elif phase is not None and now - self._since >= getattr(deadlines, phase):
            self._expire(phase)

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self.transport.abort()

    def shutdown(self) -> None:
        """Let an answer finish; but a request that is not there yet gets none any more."""
        answering = self._answering
        if self._current_phase() == "body" and answering is not None and not answering.started:
            self._refuse(503, "The gateway is shutting down.")
        elif answering is None:
            self.transport.close()
        elif self._read is not None:
            self._read.keep_alive = False

    def _current_phase(self) -> Phase | None:
        if self._refused:
            return "linger"
        if self.transport.get_write_buffer_size():
            return "write"
        answering = self._answering
        if answering is None:
            return "head" if self._heading else "idle"
        if self._pipeline or self._heading:
            return None
        return "body" if answering.more_body else None

    def _expire(self, phase: Phase) -> None:
        started = self._answering is not None and self._answering.started
        match phase:
            case "head" if self._headers is not None:
                self._refuse(408, "The request's head did not arrive in time.")
            case "body" if not started:
                self._refuse(408, "The request's body did not arrive in time.")
            case "write":
                self.abort()
            case _:
                self.transport.close()

    def _refuse_garbage(self) -> None:
        """Refuse what is no HTTP; but never inside or ahead of an answer that is on its way."""
        read = self._read
        if self._answering is None:
            self._refuse(400, "The request is not valid HTTP/1.1.")
        elif read is self._answering and read.more_body and not read.started:
            self._refuse(400, "The request's body is not framed as HTTP/1.1 asks.")
        elif read is not None:
            self._deaf = True
            read.keep_alive = False

    def _refuse(self, status: int, message: str) -> None:
        """Answer, tell the application that its client has gone, and read no further."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = self._deaf = True
        if self._read is not None:
            self._read.disconnect()
        error = ErrorObject(message, "invalid_request_error", None, None)
        body = msgspec.json.encode(ErrorBody(error))
        head = [STATUS_LINE[status]]
        head += [b"%s: %s\r\n" % header for header in self.default_headers]
        head += [b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)]
        head += [b"x-request-id: %b\r\n" % new_id("req_").encode()]
        head += [b"x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"]
        self.transport.write(b"".join([*head, body]))
        self.transport.write_eof()


def lower_name(name: bytes) -> bytes:
    """A header's name as ASGI has it."""
    lower = name.lower()
    if len(lower_names) < MANY and len(name) < 64:
        lower_names[name] = lower
    return lower


def target(url: bytes) -> tuple[str, bytes, bytes]:
    """The path, decoded and as it came, and the query of a request's target."""
    parsed = httptools.parse_url(url)
    raw_path = parsed.path
    path = raw_path.decode("ascii")
    if "%" in path:
        path = urllib.parse.unquote(path)
    read = path, raw_path, parsed.query or b""
    if len(url) < 256:
        if len(targets) >= MANY:
            targets.clear()
        targets[url] = read
    return read
