"""How a process that serves for months treats its memory."""

import gc
import sys
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["made_to_last", "prepare_allocator", "spare_registry"]

# mallopt(3), glibc's malloc.h
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
MIB = 1024 * 1024


def prepare_allocator() -> None:
    """Have the allocator keep little, and return large blocks alone, where it is glibc's.

    By default each thread has an arena of its own that keeps the most it ever needed, in pieces:
    over an hour of mixed load that grew by a tenth of the whole. With one for all it stays, and the
    lock costs nothing, since Python's threads take turns anyway. To be called before there are any.

    Also by default every megabyte that a request gives back goes to the kernel, and comes from it
    again as empty pages, which took a quarter of the time of a request of that size. So up to 16
    MiB are kept; what is larger than 4 MiB has pages of its own and returns them at once.
    """
    if sys.platform != "linux":
        return
    import ctypes  # 5 ms that only a server has to pay

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # musl has one arena, and no such call
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_TRIM_THRESHOLD, 16 * MIB)
        mallopt(M_MMAP_THRESHOLD, 4 * MIB)


@contextmanager
def made_to_last() -> Generator[None, None, None]:
    """Leave what is made inside out of every garbage collection, and collect more rarely after it.

    Hardly any of it is garbage, but to find that out took a fifth of the start. A finished request
    leaves no cycles either, though thirty at a time hold more objects than the default threshold: a
    twentieth of the time went into finding nothing. What fails or is left does leave some; what of
    that had grown old would wait for hours if the old were not looked at, too.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 5, 5)
        gc.enable()


def spare_registry() -> None:
    """Do without the event loop's list of the asynchronous generators at work.

    It is a set of weak references, for closing at the end what nobody has closed; here every
    generator is closed by whoever reads it. To be called in the loop, which sets it up when it
    starts.
    """
    sys.set_asyncgen_hooks(firstiter=None)
