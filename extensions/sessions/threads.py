"""Work that a cancellation does not leave alone, in a thread or not."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

__all__ = ["to_the_end", "unbroken"]

T = TypeVar("T")


async def to_the_end(work: Callable[[], T]) -> T:
    """Do the work in a thread and wait for it, even when the caller is cancelled meanwhile.

    A thread cannot be stopped, and whoever holds a session's turn must not give it up while its
    file is still being written.
    """
    # A future, no task: the end of a loop cancels all tasks, and waits for threads.
    return await unbroken(asyncio.get_running_loop().run_in_executor(None, work))


async def unbroken(work: Awaitable[T]) -> T:
    """Do the work to its end, even when the caller is cancelled; that takes effect afterwards."""
    working = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not working.done():
        try:
            await asyncio.wait([working])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return working.result()
    if not working.cancelled():
        working.exception()  # looked at, so that nobody reports it as forgotten
    raise cancelled
