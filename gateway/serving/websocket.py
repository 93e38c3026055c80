"""One client's WebSocket: RFC 6455 towards it, ASGI towards the application."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from typing import Any, cast

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from gateway.http.draining import DRAINING
from gateway.serving.exchange import Header, line
from gateway.serving.service import Deadlines, Phase, Service

__all__ = ["WebSocket"]

log = logging.getLogger("mochi")

MOST_PINGS = 500
"""That may come between two checks. A client asks once in some seconds whether we are there."""

ABNORMAL, TOO_BUSY, GARBLED, FAILED = 1006, 1008, 1007, 1011


class WebSocket(asyncio.Protocol):
    """Takes a connection over from HTTP, once its client has offered the upgrade.

    The application accepts it, or refuses it with an ordinary answer (the ASGI extension
    "websocket.http.response"). It is told of messages and of the end; pings are answered here.
    There is no compression: a few bytes could become a message of any size.
    """

    task: asyncio.Task[None]

    def __init__(
        self, service: Service, transport: asyncio.Transport, scope: dict[str, Any], *, limit: int
    ) -> None:
        self.transport = transport
        self._service = service
        self._flow = FlowControl(transport)
        # The head was read already, so that the parser begins with the first frame.
        self._protocol = ServerProtocol(state=State.OPEN, max_size=limit)
        del scope["method"]  # which no WebSocket has (ASGI)
        self._scope = scope | {
            "type": "websocket",
            "scheme": "ws",
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}, DRAINING: service.draining},
        }
        self._accepted = False
        self._refusing = False
        self._early = bytearray()
        self._kind = Opcode.TEXT
        self._fragments: bytearray | None = None
        self._messages: deque[tuple[Any, int]] = deque([({"type": "websocket.connect"}, 0)])
        self._news = asyncio.Event()
        self._waiting = 0
        self._gone = False
        self._code = ABNORMAL
        self._pings = 0
        self._heard = service.loop.time()
        self._pinged = False
        self._phase: Phase | None = None
        self._since = 0.0
        self._unsent = 0
        service.connections.add(self)
        service.exchanges.add(self)
        self.task = service.loop.create_task(self._run())

    def connection_lost(self, exc: Exception | None) -> None:
        self._service.connections.discard(self)
        self._left(ABNORMAL)
        self._flow.resume_writing()
        self.transport.close()

    def pause_writing(self) -> None:
        self._flow.pause_writing()
        self._flow.pause_reading()  # who takes no answers to its pings may send no more of them

    def resume_writing(self) -> None:
        self._flow.resume_writing()
        if self._waiting <= HIGH_WATER_LIMIT:
            self._flow.resume_reading()

    def eof_received(self) -> None:
        """A client that has said everything has left: the socket closes."""

    def data_received(self, data: bytes) -> None:
        self._heard = self._service.loop.time()
        self._pinged = False
        if not self._accepted:  # a client has to wait for the answer to its handshake
            self._early += data
            self._flow.pause_reading()
            return
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and not self._gone:
                self._take(event)
        self._flush()
        if self._protocol.parser_exc is not None or self._protocol.close_rcvd is not None:
            close = self._protocol.close_rcvd or self._protocol.close_sent
            self._left(close.code if close is not None else ABNORMAL)

    def _take(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY:
                self._kind = frame.opcode
                self._fragments = bytearray(frame.data)
            case Opcode.CONT if self._fragments is not None:
                self._fragments += frame.data
            case Opcode.PING | Opcode.PONG:
                self._pings += 1
                if self._pings > MOST_PINGS:
                    self._fail(TOO_BUSY, "Too many pings.")
                return
            case _:
                return
        if frame.fin and self._fragments is not None:
            whole, self._fragments = bytes(self._fragments), None
            self._arrived(whole)

    def _arrived(self, message: bytes) -> None:
        self._phase = None  # the next message has a deadline of its own
        try:
            told: Any = message if self._kind is Opcode.BINARY else message.decode()
        except UnicodeDecodeError:
            self._fail(GARBLED, "A text message is not UTF-8.")
            return
        name = "bytes" if self._kind is Opcode.BINARY else "text"
        self._tell({"type": "websocket.receive", name: told}, len(message))
        self._waiting += len(message)
        if self._waiting > HIGH_WATER_LIMIT:
            self._flow.pause_reading()

    def _tell(self, message: Any, size: int = 0) -> None:
        self._messages.append((message, size))
        self._news.set()

    def _left(self, code: int) -> None:
        """Nothing more is received or sent."""
        if not self._gone:
            self._gone = True
            self._flow.resume_writing()
            self._code = code
            self._news.set()

    def _fail(self, code: int, reason: str) -> None:
        self._protocol.fail(code, reason)
        self._flush()
        self._left(code)

    def _flush(self) -> None:
        """Write what the protocol has to say; its empty word is the end of the connection."""
        pieces = self._protocol.data_to_send()
        if self.transport.is_closing():
            return
        if rest := b"".join(pieces):
            self.transport.write(rest)
        if b"" in pieces:
            # Both have said goodbye, or the client has done wrong. One that still sends would have
            # the connection reset under what it is told, so only this side of it is closed.
            if self._protocol.close_rcvd is not None:
                self.transport.close()
            elif self.transport.can_write_eof():
                self.transport.write_eof()

    async def _run(self) -> None:
        """Let the application talk, and see to it that there is an end."""
        try:
            await self._service.app(self._scope, self.receive, self.send)
        except Exception:
            if not self._accepted:  # what breaks off later was logged by who answers the others
                log.exception("The application failed")
            self._end(FAILED)
        finally:
            self._end(1000)
            self._scope.clear()  # it leads back here: leave no cycle to be collected
            self._service.exchanges.discard(self)

    def _end(self, code: int) -> None:
        if not self._accepted:
            self.transport.close()
        elif self._protocol.state is State.OPEN:
            self._protocol.send_close(code)
            self._flush()

    async def receive(self) -> Any:
        """A message; once none is left of a client that has gone, that it has."""
        while not self._messages:
            if self._gone:
                return {"type": "websocket.disconnect", "code": self._code}
            self._news.clear()
            await self._news.wait()
        message, size = self._messages.popleft()
        self._waiting -= size
        if self._waiting <= HIGH_WATER_LIMIT and not (self._gone or self._flow.write_paused):
            self._flow.resume_reading()
        return message

    async def send(self, message: Any) -> None:
        """Send what an ASGI application sends; nothing any more once the client has gone."""
        if self._flow.write_paused and not self._gone:
            await self._flow.drain()
        if self._gone:
            return
        kind = message["type"]
        if self._accepted and kind == "websocket.send":
            text, data = message.get("text"), message.get("bytes")
            if text is not None:
                self._protocol.send_text(text.encode())
            else:
                self._protocol.send_binary(data)
            self._flush()
        elif self._accepted and kind == "websocket.close":
            self._protocol.send_close(message.get("code", 1000), message.get("reason") or "")
            self._flush()
            self._left(message.get("code", 1000))
        elif not (self._accepted or self._refusing) and kind in (
            "websocket.accept",
            "websocket.close",
        ):
            self._answer_handshake(message)
        elif not (self._accepted or self._refusing) and kind == "websocket.http.response.start":
            self._refuse(message["status"], message.get("headers", ()))
        elif self._refusing and kind == "websocket.http.response.body":
            self.transport.write(message.get("body", b""))
            if not message.get("more_body"):
                self._finish()
        else:
            raise RuntimeError(f"'{kind}' was sent out of turn.")

    def _answer_handshake(self, message: Any) -> None:
        if message["type"] == "websocket.close":
            self._refuse(403, [(b"content-length", b"0")])
            self._finish()
            return
        asked = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._asked]
        response = self._protocol.accept(Request(self._scope["path"], Headers(asked)))
        del response.headers["Date"]
        given = [(k.encode(), v.encode("latin-1")) for k, v in response.headers.raw_items()]
        if response.status_code != 101:
            # RFC 6455, 4.4: which version would do.
            given.append((b"sec-websocket-version", b"13"))
            self._refuse(response.status_code, given)
            self.transport.write(response.body or b"")
            self._finish()
            return
        self._accepted = True
        headers = [*given, *message.get("headers", ())]
        self.transport.write(self._head(101, headers, last=False))
        early = bytes(self._early)
        self._early.clear()
        self._flow.resume_reading()
        if early:
            self.data_received(early)

    @property
    def _asked(self) -> list[Header]:
        return cast(list[Header], self._scope["headers"])

    def _head(self, status: int, headers: Iterable[Header], *, last: bool = True) -> bytes:
        head = [STATUS_LINE[status]]
        for header in (*self._service.default_headers, *headers):
            lower = header[0].lower(), header[1]
            if last and lower[0] == b"connection":
                continue
            head.append(line(lower))
        return b"".join([*head, b"connection: close\r\n" if last else b"", b"\r\n"])

    def _refuse(self, status: int, headers: Iterable[Header]) -> None:
        """Answer in HTTP instead; the end of the connection is the end of the body."""
        self._refusing = True
        self.transport.write(self._head(status, headers))

    def _finish(self) -> None:
        self.transport.close()
        self._left(ABNORMAL)

    def check(self, now: float, deadlines: Deadlines) -> None:
        """End what has lasted too long, and ask a client of whom nothing was heard whether it is
        still there."""
        self._pings = 0
        phase, unsent = self._current_phase(), self.transport.get_write_buffer_size()
        if phase != self._phase or (phase == "write" and unsent != self._unsent):
            self._phase, self._since, self._unsent = phase, now, unsent
        elif phase is not None and now - self._since >= getattr(deadlines, phase):
            if phase == "body":
                self._fail(TOO_BUSY, "A message did not arrive in time.")
            else:
                self.abort()
        elif phase is None and self._accepted and not self._flow.read_paused:
            self._look_for_client(now - self._heard, deadlines.idle)

    def _look_for_client(self, silence: float, patience: float) -> None:
        if silence >= patience:
            self.abort()
        elif silence >= patience / 3 and not self._pinged:
            self._pinged = True
            self._protocol.send_ping(b"")
            self._flush()

    def _current_phase(self) -> Phase | None:
        if self._protocol.state is not State.OPEN:
            return "linger"
        if self.transport.get_write_buffer_size():
            return "write"
        if self._fragments is not None or self._protocol.reader.buffer:
            return None if self._flow.read_paused else "body"
        return None

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self.transport.abort()

    def shutdown(self) -> None:
        """The application knows by itself (`mochi.draining`), and which answers it has to end."""
