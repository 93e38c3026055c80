"""One connection to the server: bytes out, answers in, and all the waiting between."""

import asyncio
from collections.abc import Callable
from typing import cast

from adapters.upstream.answer import Answer
from adapters.upstream.deadlines import NEVER
from adapters.upstream.errors import ConnectionBroken, Silent, UpstreamError
from adapters.upstream.settings import Limits

__all__ = ["Connection"]

ONE_WRITE = 64 * 1024
SLICE = 256 * 1024


class Connection(asyncio.Protocol):
    """Carries one request at a time: `send`, then `wait` until the `answer` has what is wanted.

    Whatever goes wrong ends the connection at once; the error is raised to whoever waits, now or
    later. `dropped` is called then, `gone` when the descriptor is free again.
    """

    __slots__ = (
        "_asked",
        "_buffered_bytes",
        "_dropped",
        "_error",
        "_gone",
        "_loop",
        "_reading",
        "_sent",
        "_transport",
        "_waiter",
        "_writable",
        "answer",
        "deadline",
    )

    _transport: asyncio.Transport

    def __init__(
        self,
        limits: Limits,
        dropped: Callable[["Connection"], None],
        gone: Callable[["Connection"], None],
    ) -> None:
        self.answer = Answer(limits.header_bytes)
        self._asked = False
        self.deadline = NEVER
        self._loop = asyncio.get_running_loop()
        self._buffered_bytes = limits.buffered_bytes
        self._dropped = dropped
        self._gone = gone
        self._error: UpstreamError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._reading = True
        self._writable = True
        self._sent = True

    @property
    def alive(self) -> bool:
        return self._error is None

    @property
    def reusable(self) -> bool:
        """Whether another request may follow: the last one and its answer are over and done."""
        over = self._asked and self.answer.keep_alive
        return over and self.alive and self._sent and self._reading

    def send(self, head: bytes, body: bytes, *, bodiless: bool = False) -> bool:
        """Send a request, the answer to which will be in `answer`.

        False if the body is too large for one write: then it still has to be uploaded.
        """
        self._asked = True
        self.answer.expect(bodiless=bodiless)
        if len(body) <= ONE_WRITE:
            self._transport.write(head + body)
            return True
        self._sent = False
        self._transport.write(head)
        return False

    async def upload(self, body: bytes, timeout: float) -> None:
        """Send a large body as fast as the server takes it, and no further than an early answer.

        `Silent` if it takes nothing for `timeout` seconds.
        """
        answer, view = self.answer, memoryview(body)
        for start in range(0, len(body), SLICE):
            self._transport.write(view[start : start + SLICE])
            while not self._writable and not answer.status:
                await self.wait(timeout)
            if answer.status or not self.alive:
                return
        self._sent = True

    # A plain function: a coroutine less for every token.
    def wait(self, timeout: float) -> asyncio.Future[None]:
        """Await this until something has happened; `Silent` after `timeout` seconds."""
        if self._error is not None:
            raise self._error
        if self._waiter is not None and not self._waiter.done():
            raise RuntimeError("Two tasks read the same answer.")
        self.deadline = self._loop.time() + timeout
        self._waiter = self._loop.create_future()
        return self._waiter

    def read_on(self) -> None:
        """The body that had arrived was taken; the server may send more."""
        if not self._reading:
            self._reading = True
            self._transport.resume_reading()

    def rest(self, seconds: float) -> None:
        """Stay open for the next request, for so long. A server that speaks up now is dropped."""
        self._asked = False
        self.deadline = self._loop.time() + seconds

    def abort(self, error: UpstreamError) -> None:
        """End the connection now; nothing that was not yet sent will be."""
        if self.alive:
            self._error = error
            self._transport.abort()
            self._dropped(self)
            self._wake()

    def expire(self) -> None:
        """The deadline has passed: of a wait, or of the time that a connection may stay idle."""
        if self.deadline == NEVER or (self._waiter is not None and self._waiter.done()):
            return  # what was waited for came in this very turn of the loop, or nobody waits
        if self._asked and self.answer.status:
            self.abort(Silent("The server went silent in the middle of its answer."))
        else:
            self.abort(Silent("The server took the request and did not answer in time."))

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            self.deadline = NEVER
            if not waiter.done():
                waiter.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        answer = self.answer
        if answer.complete or not self._asked:
            self.abort(ConnectionBroken("The server sent bytes that nobody had asked for."))
            return
        try:
            news = answer.feed(data)
        except UpstreamError as error:
            self.abort(error)
            return
        if answer.unread > self._buffered_bytes and not answer.complete:
            self._reading = False
            self._transport.pause_reading()
        if news:
            self._wake()

    def eof_received(self) -> None:
        self.answer.end()
        self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._close()
        self.answer.forget()
        self._gone(self)

    def _close(self) -> None:
        begun = self._asked and self.answer.started
        when = "in the middle of its answer" if begun else "without an answer"
        self.abort(ConnectionBroken(f"The server closed the connection {when}."))

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._wake()
