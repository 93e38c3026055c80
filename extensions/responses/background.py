"""Responses that run in the server, whether a client waits for them or not."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from msgspec import Struct

from extensions.responses.live import Live
from extensions.responses.run import CANCELLED, Run
from gateway.core.errors import MochiError, Overloaded
from gateway.core.metrics import Responding
from gateway.dialects.openai.responses.wire import Response

__all__ = ["Background"]

log = logging.getLogger("mochi.responses")

REMEMBERED = 32 * 1024 * 1024
"""Bytes of the streams of responses that have ended, for clients that lost the end of one."""


class Job(Struct, frozen=True):
    """A response that runs, its events, and the task of it."""

    run: Run
    live: Live
    task: asyncio.Task[None]


class Background:
    """Runs at most `most` responses at a time. Once the server is to stop they have `patience`
    seconds, however many of them have gone by when this is left: what is cut short then still has
    to be kept."""

    def __init__(self, *, most: int, patience: float, counts: Responding | None = None) -> None:
        self._counts = counts or Responding()
        self._most = most
        self._patience = patience
        self._jobs: dict[str, Job] = {}
        self._ended: OrderedDict[str, Live] = OrderedDict()
        self._left = REMEMBERED
        self._deadline: float | None = None

    async def start(self, run: Run, begin: Callable[[Response], Awaitable[None]]) -> Response:
        """Run it, once it is kept as queued, which is what `begin` does; the response as of then.

        `Overloaded` if too many run.
        """
        if len(self._jobs) >= self._most:
            raise Overloaded(f"{self._most} responses run in the background already.")
        live = Live()
        live.add(run.writer.queue(), 0)
        queued = run.writer.response
        run.begun = True
        kept = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._work(run, live, begin, kept))
        self._jobs[run.question.id] = Job(run, live, task)
        self._counts.running += 1
        await asyncio.shield(kept)
        return queued

    async def response(self, id: str) -> Response | None:
        """A response that runs, as it is now; one that has ended is waited for until it is kept."""
        job = self._jobs.get(id)
        if job is None:
            return None
        response = job.run.writer.response
        if response.status in ("queued", "in_progress"):
            return response
        await asyncio.wait([job.task])
        return None

    def runs(self, id: str) -> bool:
        return id in self._jobs

    def live(self, id: str) -> Live | None:
        """The events of a response that runs, or has ended not long ago."""
        job = self._jobs.get(id)
        return job.live if job else self._ended.get(id)

    async def cancel(self, id: str) -> None:
        """End a response that runs, and wait for its end."""
        if job := self._jobs.get(id):
            job.task.cancel(CANCELLED)
            await asyncio.wait([job.task])

    def forget(self, id: str) -> None:
        """No one is to see its events any more."""
        if live := self._ended.pop(id, None):
            self._left += live.size

    def drain(self) -> None:
        """The server is to stop: the time runs."""
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._patience

    async def aclose(self) -> None:
        """Let what runs come to its end while there is time, and fail then."""
        self.drain()
        if running := [job.task for job in self._jobs.values()]:
            left = max(0.0, (self._deadline or 0) - asyncio.get_running_loop().time())
            log.info("Responses (%d) have %.1f s to finish", len(running), left)
            try:
                await asyncio.wait(running, timeout=left)
            finally:
                for task in running:
                    task.cancel()
            await asyncio.wait(running)

    async def _work(
        self,
        run: Run,
        live: Live,
        begin: Callable[[Response], Awaitable[None]],
        kept: "asyncio.Future[None]",
    ) -> None:
        try:
            try:
                await begin(run.writer.response)
            except BaseException as error:
                kept.set_exception(error if isinstance(error, Exception) else Overloaded(CANCELLED))
                kept.exception()  # the client may have left
                raise
            kept.set_result(None)
            await self._watched(run, live)
        except asyncio.CancelledError:
            pass  # told in the record
        except MochiError as error:
            log.warning("The response %s failed: %s", run.question.id, error.message)
        except Exception:
            log.exception("The response %s failed", run.question.id)
        finally:
            live.end()
            del self._jobs[run.question.id]
            self._counts.running -= 1
            self._remember(run.question.id, live)

    async def _watched(self, run: Run, live: Live) -> None:
        at = run.writer.sequence
        try:
            async with aclosing(run.frames()) as frames:
                async for piece in frames:
                    live.add(piece, at)
                    at = run.writer.sequence
        finally:
            live.add(run.last, at)

    def _remember(self, id: str, live: Live) -> None:
        self._ended[id] = live
        self._left -= live.size
        while self._left < 0:
            _, oldest = self._ended.popitem(last=False)
            self._left += oldest.size
