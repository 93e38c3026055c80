"""What is to be done with stored responses besides storing them: at start, and once a day."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from extensions.responses.store import MARKED_EVERY, ResponseStore
from gateway.core.errors import StorageUnavailable

__all__ = ["remove_old", "tidied"]

log = logging.getLogger("mochi.responses")

A_DAY = 86400
PAUSE = 0.01
"""Seconds between two removals, so that nobody notices them."""


@asynccontextmanager
async def tidied(
    store: ResponseStore,
    days: int,
    *,
    clock: Callable[[], float] = time.time,
    every: float = A_DAY,
    pause: float = PAUSE,
) -> AsyncIterator[None]:
    """End what a crash has interrupted, and remove old responses while this is entered."""
    with suppress(StorageUnavailable):  # logged; the disk may be well again tomorrow
        await store.end_interrupted()
    tidying = asyncio.create_task(tidy(store, days, clock, every, pause))
    try:
        yield
    finally:
        tidying.cancel()
        await asyncio.wait([tidying])


async def tidy(
    store: ResponseStore, days: int, clock: Callable[[], float], every: float, pause: float
) -> None:
    while True:
        try:
            await store.end_interrupted()
            if days:
                # What a response follows was marked as used at most so long before that.
                oldest = clock() - days * A_DAY - MARKED_EVERY
                if removed := await remove_old(store, oldest, pause):
                    log.info("%d old responses removed", removed)
        except StorageUnavailable:
            pass  # logged
        except Exception:
            log.exception("Old responses could not be removed.")
        await asyncio.sleep(every)


async def remove_old(store: ResponseStore, before: float, pause: float = PAUSE) -> int:
    """Remove, one at a time, what was created, written and last followed `before`; how many."""
    removed = 0
    for shard in await store.shards():
        for found in await store.found(shard):
            if found.modified < before:
                removed += await store.remove_old(found.id, before)
                await asyncio.sleep(pause)
    return removed
