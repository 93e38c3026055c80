"""Answers on their way out, whole or as server-sent events."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from typing import Protocol, TypeVar

from litestar.types import HTTPResponseBodyEvent, Send
from msgspec import Struct

from gateway.core.errors import BackendFailed, MochiError, Overloaded
from gateway.core.faults import let_go, word_of
from gateway.core.notes import Ending, Notes
from gateway.http.errors import log_failure
from gateway.http.leaving import LEFT
from gateway.http.notes import note_comment, note_headers

__all__ = [
    "MOCHI",
    "EventStream",
    "FrameWriter",
    "ending_of",
    "reason_of",
    "send_events",
    "send_json",
]

GOING_DOWN = "The gateway is shutting down."

PING_SECONDS = 15.0
LOOKS = 3
"""How often in this time somebody looks whether anything moved."""


class Manner(Struct, frozen=True, kw_only=True):
    """How an API family streams.

    `ping` is a comment, which clients skip (WHATWG, server-sent events): nothing else may be put
    between. With `at_once` the stream opens before there is anything to send; else the first batch
    comes before the headers, so that a refusal is still an ordinary error response.
    """

    cache_control: bytes
    ping: bytes
    at_once: bool

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", self.cache_control),
            # nginx and proxies that follow it would otherwise hold tokens back.
            (b"x-accel-buffering", b"no"),
        ]


OPENAI = Manner(cache_control=b"no-cache", ping=b": keep-alive\n\n", at_once=False)
MOCHI = Manner(cache_control=b"no-store", ping=b": ping\n\n", at_once=True)

T_contra = TypeVar("T_contra", contravariant=True)
T = TypeVar("T")


class FrameWriter(Protocol[T_contra]):
    """Batches of events in a foreign wire format; synchronous, one per stream."""

    def frames(self, batch: T_contra, /) -> bytes:
        """The frames of one batch."""
        ...

    def failure(self, error: Exception) -> bytes:
        """The frame that ends a stream which broke."""
        ...

    def end(self) -> bytes:
        """What follows the frames of a stream that came to its end."""
        ...


async def send_events(
    send: Send,
    writer: FrameWriter[T],
    batches: AsyncGenerator[T, None],
    notes: Notes,
    *,
    manner: Manner = OPENAI,
    ping: float = PING_SECONDS,
) -> None:
    """Answer with a stream: one read upstream is one batch is one write.

    Unless the stream opens at once, the headers wait for the first batch; but not for more than
    `ping` seconds, as while a model is loaded. After the headers the stream ends in exactly one of
    complete and failed, also when it is cancelled, and only when the batches are closed. `notes` go
    into the headers, and what comes to be known later into comments before the end; they tell then
    how it ended.
    """
    stream = EventStream(send, ping, notes, manner)
    try:
        async with aclosing(batches):
            if manner.at_once:
                await stream.write(b"")
            async for batch in batches:
                await stream.write(writer.frames(batch))
        if not stream.begun:
            raise BackendFailed("Ollama answered nothing.")
        last = stream.late_notes() + writer.end()
        notes.ending = "complete"
    except asyncio.CancelledError as cancelled:
        if not stream.begun:
            raise
        notes.ending = ending_of(cancelled)
        last = writer.failure(reason_of(cancelled) or Overloaded(GOING_DOWN))
    except Exception as error:
        if not stream.begun:
            raise
        log_failure("A stream", error)
        notes.ending, notes.error = "failed", word_of(error)
        last = stream.late_notes() + writer.failure(error)
        let_go(error)
    finally:
        stream.still()
        stream.count_end()
    await send(part(last, more=False))


def reason_of(cancelled: asyncio.CancelledError) -> MochiError | None:
    """Why an answer was cancelled, if whoever did it said so: `task.cancel(error)`."""
    match cancelled.args:
        case (MochiError() as reason,):
            return reason
    return None


def ending_of(cancelled: asyncio.CancelledError) -> Ending:
    return "left" if cancelled.args == (LEFT,) else "stopped"


class EventStream:
    """The server-sent events of one answer, and a comment whenever there were none for a while.

    Proxies and clients give up a connection on which nothing moves; one minute is common.
    """

    __slots__ = (
        "_interval",
        "_manner",
        "_moved",
        "_notes",
        "_pinging",
        "_quiet",
        "_send",
        "_timer",
        "_told",
        "begun",
    )

    def __init__(self, send: Send, interval: float, notes: Notes, manner: Manner) -> None:
        self.begun = False
        self._manner = manner
        self._send = send
        self._notes = notes
        self._told = notes
        self._interval = interval
        self._moved = False
        self._quiet = 0
        self._pinging: asyncio.Task[None] | None = None
        self._wait()

    # A plain function: one coroutine less for every token.
    def write(self, frames: bytes) -> Awaitable[None]:
        """Send frames, the headers before the first."""
        self._moved = True
        if self.begun:
            return self._send({"type": "http.response.body", "body": frames, "more_body": True})
        return self._begin(frames)

    def still(self) -> None:
        """No comments any more."""
        self._timer.cancel()
        if self._pinging is not None:
            self._pinging.cancel()

    def count_end(self) -> None:
        """If it was begun, it is open no more."""
        if not self.begun:
            return
        counts = self._notes.counts
        counts.open_streams -= 1
        counts.ended_streams.add(self._notes.ending or "failed")
        if self._notes.error:
            counts.errors.add(self._notes.error)

    def late_notes(self) -> bytes:
        """Comments for what was noted after the headers had gone."""
        return note_comment(self._notes, self._told)

    async def _begin(self, frames: bytes) -> None:
        self.begun = True
        self._notes.counts.open_streams += 1
        self._told = Notes(repairs=self._notes.repairs[:], retries=self._notes.retries)
        headers = self._manner.headers + note_headers(self._notes)
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._send(part(frames))

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._interval / LOOKS, self._look)

    def _look(self) -> None:
        """One timer looks now and then whether something moved; none is set for a token.

        So a silence lasts for at most the interval: since the last movement nearly one look may
        have passed when it was noticed.
        """
        self._quiet = 1 if self._moved else self._quiet + 1
        self._moved = False
        if self._quiet == LOOKS:
            self._quiet = 0
            if self._pinging is None or self._pinging.done():
                self._pinging = asyncio.create_task(self._ping())
        self._wait()

    async def _ping(self) -> None:
        # By the time this runs the stream may have begun, or may have moved.
        if not self._moved:
            await self.write(self._manner.ping)
            self._moved = False


def part(body: bytes, *, more: bool = True) -> HTTPResponseBodyEvent:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def send_json(send: Send, body: bytes, notes: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Answer 200 with a JSON document, and with the headers that `notes` became."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        *notes,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send(part(body, more=False))
