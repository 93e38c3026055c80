"""Several answers to one request, made at the same time."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import Any

from msgspec import Struct

from gateway.core.events import Batch
from gateway.core.replies import Reply, collect

__all__ = ["collected", "merged"]


async def collected(streams: Sequence[AsyncGenerator[Batch, None]]) -> list[Reply]:
    """Every stream read to its end, all at once; the first failure ends the others."""
    if len(streams) == 1:
        return [await collect(streams[0])]
    tasks = [asyncio.create_task(collect(stream)) for stream in streams]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await ended(tasks)


async def merged(
    streams: Sequence[AsyncGenerator[Batch, None]],
) -> AsyncGenerator[tuple[int, Batch], None]:
    """The batches of all streams as they come, with the index of the stream.

    None of another stream comes before the first of stream 0. Until then the others are read all
    the same and held back: an Ollama that runs one request at a time may well have begun with
    another, and would wait for it to be read. A failure is raised as soon as it is met; then, and
    when this is closed, the others are closed before it ends.
    """
    if len(streams) == 1:
        async with aclosing(streams[0]) as only:
            async for batch in only:
                yield 0, batch
        return
    arrivals: asyncio.Queue[Arrival | asyncio.Task[None]] = asyncio.Queue()
    tasks = [
        asyncio.create_task(forward(index, stream, arrivals))
        for index, stream in enumerate(streams)
    ]
    for task in tasks:
        task.add_done_callback(arrivals.put_nowait)
    held: list[tuple[int, Batch]] | None = []
    running = len(tasks)
    try:
        while running:
            arrival = await arrivals.get()
            if isinstance(arrival, Arrival):
                arrival.taken.set()
                if held is not None and arrival.index > 0:
                    held.append((arrival.index, arrival.batch))
                    continue
                yield arrival.index, arrival.batch
            else:
                arrival.result()
                running -= 1
            if held is not None and (isinstance(arrival, Arrival) or arrival is tasks[0]):
                for waiting in held:
                    yield waiting
                held = None
    finally:
        await ended(tasks)


class Arrival(Struct, frozen=True):
    """A batch on its way; its stream goes on when it is `taken`."""

    index: int
    batch: Batch
    taken: asyncio.Event


async def forward(
    index: int, stream: AsyncGenerator[Batch, None], arrivals: asyncio.Queue[Any]
) -> None:
    """Hand over one batch after another."""
    async with aclosing(stream):
        async for batch in stream:
            taken = asyncio.Event()
            arrivals.put_nowait(Arrival(index, batch, taken))
            await taken.wait()


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel what still runs, and wait until all of it has cleaned up."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
