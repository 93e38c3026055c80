"""Answers that end when their client leaves, streamed or not."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Any, Protocol

from litestar.types import HTTPResponseBodyEvent, Receive, Scope, Send

from gateway.core.errors import BackendFailed, Overloaded
from gateway.core.events import Batch
from gateway.http.errors import log_failure

__all__ = ["LEAVING", "FrameWriter", "WhileConnected", "send_events", "send_json"]

GOING_DOWN = "The gateway is shutting down."

LEAVING = "mochi.leaving"
"""An ASGI extension of our server: a function that takes what to call when the client leaves."""

EVENT_STREAM = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    # nginx and proxies that follow it would otherwise hold tokens back.
    (b"x-accel-buffering", b"no"),
]


class FrameWriter(Protocol):
    """Batches of events in a foreign wire format; synchronous, one per stream."""

    def frames(self, batch: Batch) -> bytes:
        """The frames of one batch."""
        ...

    def failure(self, error: Exception) -> bytes:
        """The frame that ends a stream which broke."""
        ...

    def end(self) -> bytes:
        """What follows the frames of a stream that came to its end."""
        ...


async def send_events(
    send: Send, writer: FrameWriter, batches: AsyncGenerator[Batch, None]
) -> None:
    """Answer with a stream: one read upstream is one batch is one write.

    The first batch comes before the headers, so that a refusal is still an ordinary error response.
    After them the stream ends in exactly one of complete and failed, also when it is cancelled.
    """
    async with aclosing(batches):
        first = await first_batch(batches)
        await send({"type": "http.response.start", "status": 200, "headers": EVENT_STREAM})
        try:
            await send(part(writer.frames(first)))
            async for batch in batches:
                await send(part(writer.frames(batch)))
            last = writer.end()
        except asyncio.CancelledError:
            last = writer.failure(Overloaded(GOING_DOWN))
        except Exception as error:
            log_failure("A stream", error)
            last = writer.failure(error)
        await send(part(last, more=False))


async def first_batch(batches: AsyncGenerator[Batch, None]) -> Batch:
    async for batch in batches:
        return batch
    raise BackendFailed("Ollama answered nothing.")


def part(body: bytes, *, more: bool = True) -> HTTPResponseBodyEvent:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def send_json(send: Send, body: bytes) -> None:
    """Answer 200 with a JSON document."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send(part(body, more=False))


class WhileConnected:
    """Cancels what stands inside as soon as the client leaves, and ends in peace.

    To be entered once the request body is read: from then on the only thing left to receive is the
    disconnect, and before the first byte of an answer nobody else listens for it.

    Our own server tells by itself when a client leaves (the extension `mochi.leaving`); under any
    other a task waits for it, at ten times the cost: every request is watched, and hardly a client
    ever leaves.
    """

    __slots__ = ("_gone", "_over", "_receive", "_scope", "_task", "_watcher")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._gone = False
        self._over = False
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        extensions: Mapping[str, Any] = self._scope.get("extensions") or {}
        if LEAVING in extensions:
            extensions[LEAVING](self._leave)
        else:
            self._watcher = asyncio.create_task(self._watch())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._over = True
        if self._watcher is not None:
            self._watcher.cancel()
        if self._gone:
            self._task.uncancel()
        return self._gone and kind is asyncio.CancelledError

    async def _watch(self) -> None:
        try:
            while (await self._receive())["type"] != "http.disconnect":
                pass
        finally:
            self._leave()

    def _leave(self) -> None:
        if not self._over:
            self._gone = True
            self._task.cancel()
