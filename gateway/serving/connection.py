"""One client's connection: uvicorn's HTTP protocol, with deadlines and errors in our shape."""

from typing import Any, Literal

import msgspec
from msgspec import Struct
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from gateway.core.ids import new_id
from gateway.dialects.openai.errors import ErrorBody, ErrorObject
from gateway.serving.answer import Answering

__all__ = ["Connection", "Deadlines"]

HEAD_LIMIT = 64 * 1024
PIPELINE_LIMIT = 256
"""Requests that may wait behind one being answered; a client that sends more is cut off."""

Phase = Literal["head", "body", "idle", "write", "linger"]
"""What a connection waits for from its client; nothing while the application is at work."""


class Deadlines(Struct, frozen=True):
    """How long one phase may last, in seconds, however many single bytes arrive meanwhile."""

    head: float = 10
    """From the opening of the connection, or the first byte of a later request, to its body."""
    body: float = 60
    idle: float = 75
    """Between two requests. Longer than HTTP clients keep theirs, so that they close first."""
    write: float = 60
    """For a client that takes nothing at all of what waits for it."""
    linger: float = 2
    """For a refused client to read why: closing while it still sends would reset the connection."""


class Connection(HttpToolsProtocol):
    """A connection that its server asks about once a second, so that a request arms no timer.

    The phase is read off uvicorn's own state: `scope` is replaced at the first byte of a request
    and `cycle` at the end of its head, so while they differ a head is on its way.
    """

    _phase: Phase | None = None
    _since = 0.0
    _seen: object = None
    _unsent = 0
    _head_bytes = 0
    _refused = False
    _answering: Answering | None = None

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        before, idle = self.scope, self.cycle is None or self.cycle.response_complete
        super().data_received(data)
        if len(self.pipeline) > PIPELINE_LIMIT:
            self.abort()
            return
        head_is_whole = self.cycle is not None and self.cycle.scope is self.scope
        begins_after_another = self.scope is not before and not idle
        if head_is_whole or begins_after_another:
            self._head_bytes = 0
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_LIMIT:
            self._refuse(431, "The request's head is larger than 64 KiB.")

    def check(self, now: float, deadlines: Deadlines) -> None:
        """End a phase that has lasted too long.

        It starts anew with another request and, while there is something to write, whenever the
        client took any of it.
        """
        phase, unsent = self._current_phase(), self.transport.get_write_buffer_size()
        same_request = self._seen is self.scope and self._unsent == unsent
        if phase != self._phase or not same_request:
            self._phase, self._since = phase, now
            self._seen, self._unsent = self.scope, unsent
        elif phase is not None and now - self._since >= getattr(deadlines, phase):
            self._expire(phase)

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self.transport.abort()

    def _current_phase(self) -> Phase | None:
        if self._refused:
            return "linger"
        if self.transport.get_write_buffer_size():
            return "write"
        cycle = self.cycle
        if self.pipeline:
            return None
        if cycle is None or (cycle.response_complete and cycle.scope is not self.scope):
            return "head"
        if cycle.response_complete:
            return "idle"
        return "body" if cycle.more_body and cycle.scope is self.scope else None

    def _expire(self, phase: Phase) -> None:
        match phase:
            case "head" if self.scope is not None:
                self._refuse(408, "The request's head did not arrive in time.")
            case "body" if not self.cycle.response_started:
                self._refuse(408, "The request's body did not arrive in time.")
            case "write":
                self.abort()
            case _:
                self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = Answering(cycle, app)
        super()._start_asgi_task(cycle, self._answering)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.pipeline.clear()
        if self._answering is not None:
            self._answering.left()

    def shutdown(self) -> None:
        """Let an answer finish; but a request that is not there yet gets none any more."""
        if self._current_phase() == "body" and not self.cycle.response_started:
            self._refuse(503, "The gateway is shutting down.")
        else:
            super().shutdown()

    def on_response_complete(self) -> None:
        """uvicorn's own, without its timer for an idle connection: `check` has that deadline."""
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if not self.pipeline:
            self.flow.resume_reading()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; but never inside or ahead of an answer that is on its way."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self._refuse(400, "The request is not valid HTTP/1.1.")
        elif cycle.more_body and not cycle.response_started:
            self._refuse(400, "The request's body is not framed as HTTP/1.1 asks.")
        else:
            self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Answer in HTTP/1.1 and close: the parser reads nothing after an offer to upgrade."""
        self.cycle.keep_alive = False

    def _refuse(self, status: int, message: str) -> None:
        """Answer, tell the application that its client has gone, and read no further."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        error = ErrorObject(message, "invalid_request_error", None, None)
        body = msgspec.json.encode(ErrorBody(error))
        head = [STATUS_LINE[status]]
        head += [b"%s: %s\r\n" % header for header in self.server_state.default_headers]
        head += [b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)]
        head += [b"x-request-id: %b\r\n" % new_id("req_").encode()]
        head += [b"x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"]
        self.transport.write(b"".join([*head, body]))
        self.transport.write_eof()
