"""One connection to the server: a request out, and its answer into an `Answer` as it comes.

A read is timed once, when it comes, before anything of it is looked at.
"""

import asyncio
from time import perf_counter
from typing import cast

from httptools import HttpParserError, HttpResponseParser

from gateway.commands.benching.answer import Answer

__all__ = ["Connection"]

INTERIM = (100, 102, 103)
OTHER = "not HTTP/1.1"
READ = (b"content-type", b"content-length", b"transfer-encoding", b"retry-after")


class Connection(asyncio.Protocol):
    """Carries one request at a time. `reusable` says whether another may follow."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = HttpResponseParser(self)
        self._answer: Answer | None = None
        self._over: asyncio.Future[bool] | None = None
        self._headers: dict[str, str] = {}
        self._blocks: list[bytes] = []
        self._begun = self._complete = False
        self._now = self._sent = 0.0
        self._alive = True
        self._keep_alive = False

    @property
    def reusable(self) -> bool:
        return self._alive and self._keep_alive and self._answer is None

    def ask(self, request: bytes, answer: Answer) -> asyncio.Future[bool]:
        """Await the end of the answer: True, or False if the connection died before its first byte.

        Whatever else goes wrong is a fault of the answer.
        """
        self._over = self._loop.create_future()
        if not self._alive:  # closed as soon as it was open
            self._over.set_result(False)
            return self._over
        self._answer = answer
        self._headers = {}
        self._begun = self._complete = self._keep_alive = False
        self._sent = perf_counter()
        self._transport.write(request)
        return self._over

    def give_up(self, kind: str, seen: str) -> None:
        """End the request, and the connection with it."""
        self._fail(kind, seen)
        self.abort()

    def check(self, now: float, limit: float) -> None:
        """Give up an answer that is not whole after `limit` seconds."""
        if (answer := self._answer) and now - self._sent > limit:
            so_far = f"{answer.pieces} pieces of output" if answer.status else "no answer"
            self.give_up("timeout", f"{so_far} within {limit:g} s")

    def abort(self) -> None:
        self._alive = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, block: bytes) -> None:
        self._now = perf_counter()
        self._begun = True
        if (answer := self._answer) is None:
            self.abort()  # nobody has asked for this
            return
        try:
            self._parser.feed_data(block)
        except HttpParserError as error:
            if not self._complete:
                self.give_up(OTHER, f"{error}: {block.decode('latin-1')}")
                return
            self._keep_alive = False
        body = b"".join(self._blocks)  # a chunk for each token is common
        self._blocks.clear()
        if self._complete:
            self._finish(answer, body)
        elif body:
            answer.body(body, self._now)

    def eof_received(self) -> None:
        answer, headers = self._answer, self._headers
        framed = "content-length" in headers or "transfer-encoding" in headers
        if answer and answer.status and not framed:
            self._now = perf_counter()
            self._finish(answer, b"")
        self._lost()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost()
        del self._parser  # which holds this object

    def on_message_begin(self) -> None:
        if self._complete:
            self._keep_alive = False  # more than one answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        if (name := name.lower()) in READ and not self._complete:
            self._headers[name.decode()] = value.decode("latin-1").strip(" \t")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status in INTERIM:
            self._headers = {}
        elif self._answer and not self._complete:
            self._answer.head(status, self._headers)

    def on_body(self, block: bytes) -> None:
        if not self._complete:
            self._blocks.append(block)

    def on_message_complete(self) -> None:
        if self._answer and self._answer.status:
            # Asked any later, the parser has forgotten this message and says no.
            self._keep_alive = not self._complete and self._parser.should_keep_alive()
            self._complete = True

    def _finish(self, answer: Answer, body: bytes) -> None:
        answer.end(body, self._now)
        self._tell(True)

    def _fail(self, kind: str, seen: str) -> None:
        if self._answer:
            self._answer.failed(kind, seen)
            self._answer.ended = perf_counter()
        self._tell(True)

    def _lost(self) -> None:
        self._alive = False
        if self._answer and not self._begun:
            self._tell(False)
        elif self._answer:
            self._fail("connection broken", f"after {self._answer.pieces} pieces of output")
        self._transport.abort()

    def _tell(self, answered: bool) -> None:
        self._answer = None
        if self._over and not self._over.done():
            self._over.set_result(answered)
