"""Blocking work in a thread that a cancellation does not leave alone."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

__all__ = ["to_the_end"]

T = TypeVar("T")


async def to_the_end(work: Callable[[], T]) -> T:
    """Do the work in a thread and wait for it, even when the caller is cancelled meanwhile.

    The cancellation takes effect when the work is done: a thread cannot be stopped, and whoever
    holds a session's turn must not give it up while its file is still being written.
    """
    # A future, no task: the end of a loop cancels all tasks, and waits for threads.
    working = asyncio.get_running_loop().run_in_executor(None, work)
    cancelled: asyncio.CancelledError | None = None
    while not working.done():
        try:
            await asyncio.wait([working])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        working.exception()  # looked at, so that nobody reports it as forgotten
        raise cancelled
    return working.result()
