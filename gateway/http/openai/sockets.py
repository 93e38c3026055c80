"""Answers as messages on a WebSocket: what elsewhere are server-sent events."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import msgspec
from litestar.types import Receive, Scope, Send
from msgspec import Struct

from gateway.core.errors import InvalidRequest, MochiError, Overloaded, TooLarge
from gateway.core.faults import word_of
from gateway.core.notes import Notes
from gateway.http.draining import while_draining
from gateway.http.errors import log_failure, render
from gateway.http.leaving import LEFT
from gateway.http.notes import note_headers
from gateway.http.openai.history import SESSION
from gateway.http.openai.hot import Rules
from gateway.http.requests import request_headers
from gateway.http.streams import GOING_DOWN, FrameWriter, ending_of, reason_of

__all__ = ["Answering", "EventSocket", "Told"]

MOST_WAITING = 16
GOING_AWAY = 1001

Headers = list[tuple[bytes, bytes]]

encode = msgspec.json.encode


class Envelope(Struct):
    """What is read of a message even if it cannot be answered."""

    stream_id: Any = None


class Told(Struct, frozen=True):
    """An answer in the making, as a stream of server-sent events has it."""

    writer: FrameWriter[bytes]
    frames: AsyncGenerator[bytes, None]


Answering = Callable[[bytes, Notes], Told]
"""Begins the answer to a message; raises what stands against it."""


class EventSocket(ABC):
    """An ASGI application that answers messages one after the other, in the order they come.

    A `stream_id` is on everything that answers its message; streams do not overtake each other. An
    answer that fails before its first event is an `error` event and nothing else. The client who
    closes the connection ends its answer, the server that stops lets it finish.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.answering = 0
        """The answers under way on all connections."""

    @abstractmethod
    def opened(self) -> Answering:
        """Whoever answers the messages of one connection, and may remember what they were."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        talk = Talk(self, send, session=SESSION in request_headers(scope))
        working = asyncio.create_task(talk.work())
        self.rules.counts.open_sockets += 1
        try:
            with while_draining(scope, talk.drain):
                while (event := await receive())["type"] == "websocket.receive":
                    await talk.hear(event)
            working.cancel(LEFT)
        finally:
            self.rules.counts.open_sockets -= 1
            if not working.cancelling():
                working.cancel()
            await asyncio.wait([working])
            if not working.cancelled() and (error := working.exception()):
                raise error


class Talk:
    """One connection: the messages that wait, and the answer under way. A `session` that its
    handshake named has no effect on any of them."""

    def __init__(self, socket: EventSocket, send: Send, *, session: bool) -> None:
        self._socket = socket
        self._answering = socket.opened()
        self._send = send
        self._session = session
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._news = asyncio.Event()
        self._draining = False

    def drain(self) -> None:
        self._draining = True
        self._news.set()

    async def hear(self, event: Any) -> None:
        """Let a message wait for its turn."""
        text = event.get("text")
        message: bytes = text.encode() if text is not None else event["bytes"]
        limit = self._socket.rules.max_body
        try:
            if text is None:
                raise InvalidRequest("Messages must be text, not binary.")
            if len(message) > limit:
                raise TooLarge(limit)
            if self._draining:
                raise Overloaded(GOING_DOWN)
            if len(self._waiting) >= MOST_WAITING or self._size + len(message) > limit:
                raise Overloaded("Too much waits for its answer on this connection.")
        except MochiError as error:
            await self._refuse(message, error, Notes())
            return
        self._waiting.append(message)
        self._size += len(message)
        self._news.set()

    async def work(self) -> None:
        """Answer whatever comes, until the client leaves or the server stops."""
        on = True
        while on:
            while not (self._waiting or self._draining):
                self._news.clear()
                await self._news.wait()
            if self._draining:
                break
            message = self._waiting.popleft()
            self._size -= len(message)
            on = await self._answer(message)
        for message in self._waiting:
            await self._refuse(message, Overloaded(GOING_DOWN), Notes())
        await self._send({"type": "websocket.close", "code": GOING_AWAY, "reason": GOING_DOWN})

    async def _answer(self, message: bytes) -> bool:
        """Answer a message; whether to go on after it."""
        socket = self._socket
        counts = socket.rules.counts
        notes = Notes(strict=socket.rules.strict, counts=counts)
        if socket.answering >= socket.rules.max_open:
            busy = Overloaded(f"{socket.rules.max_open} requests are being answered already.")
            await self._refuse(message, busy, notes)
            return True
        socket.answering += 1
        counts.open_streams += 1
        try:
            if self._session:
                notes.ignore(SESSION.decode())
            told = self._answering(message, notes)
            return await Telling(self._send, lane_of(message), notes).tell(told)
        except asyncio.CancelledError as cancelled:
            notes.ending = ending_of(cancelled)
            await self._refuse(message, ended_by(cancelled), notes)
            return goes_on(cancelled)
        except Exception as error:
            await self._refuse(message, error, notes)
            return True
        finally:
            socket.answering -= 1
            counts.open_streams -= 1
            counts.ended_streams.add(notes.ending or "failed")

    async def _refuse(self, message: bytes, error: Exception, notes: Notes) -> None:
        log_failure("A WebSocket", error)
        self._socket.rules.counts.errors.add(word_of(error))
        await send_text(self._send, error_event(error, notes)[:-1] + lane_of(message) + b"}")


class Telling:
    """One answer on its way, and what was noted of it in the first and the last message."""

    def __init__(self, send: Send, lane: bytes, notes: Notes) -> None:
        self._send = send
        self._lane = lane
        self._notes = notes
        self._told: Headers = []
        self._begun = False

    async def tell(self, told: Told) -> bool:
        """Send it all; whether to go on after it. What fails before the first event is raised."""
        writer, on = told.writer, True
        try:
            async with aclosing(told.frames):
                async for frames in told.frames:
                    await self._write(writer.frames(frames), noted=not self._begun)
                    self._begun = True
            last = writer.end()
            self._notes.ending = "complete"
        except asyncio.CancelledError as cancelled:
            if not self._begun:
                raise
            self._notes.ending = ending_of(cancelled)
            on = goes_on(cancelled)
            last = writer.failure(ended_by(cancelled))
        except Exception as error:
            if not self._begun:
                raise
            log_failure("A WebSocket", error)
            last = writer.failure(error)
        await self._write(last, noted=True)
        return on

    async def _write(self, frames: bytes, *, noted: bool) -> None:
        for event in events_in(frames):
            mark = self._lane
            if noted and (headers := note_headers(self._notes)) != self._told:
                self._told = headers
                mark += b',"headers":' + encode(readable(headers))
            await send_text(self._send, event[:-1] + mark + b"}" if mark else event)


def events_in(frames: bytes) -> list[bytes]:
    """The events among server-sent ones, less what only those need: names, comments, the end."""
    data = (frame.partition(b"data: ")[2] for frame in frames.split(b"\n\n"))
    return [event for event in data if event[:1] == b"{"]


def error_event(error: Exception, notes: Notes) -> bytes:
    """The event in place of an answer; the headers are those that it would have had in HTTP."""
    status, headers, body = render("/v1", error)
    fault = msgspec.json.decode(body)["error"]
    rest = [header for header in headers if not header[0].startswith(b"content-")]
    if told := readable([*rest, *note_headers(notes)]):
        fault["headers"] = told
    return encode({"type": "error", "status": status, "error": fault})


def lane_of(message: bytes) -> bytes:
    """The member by which an answer names the stream that its message did."""
    try:
        lane = msgspec.json.decode(message, type=Envelope).stream_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b""
    return b',"stream_id":' + encode(lane) if isinstance(lane, str) else b""


def readable(headers: Headers) -> dict[str, str]:
    return {name.decode("ascii"): value.decode("latin-1") for name, value in headers}


def ended_by(cancelled: asyncio.CancelledError) -> Exception:
    return reason_of(cancelled) or Overloaded(GOING_DOWN)


def goes_on(cancelled: asyncio.CancelledError) -> bool:
    """Whether it was the answer alone that was ended, and not the connection."""
    task = asyncio.current_task()
    return reason_of(cancelled) is not None and task is not None and task.uncancel() == 0


async def send_text(send: Send, text: bytes) -> None:
    await send({"type": "websocket.send", "text": text.decode(), "bytes": None})
