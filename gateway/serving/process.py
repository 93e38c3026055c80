"""The process around a server or a client of many: its event loop, its signals, its limits.

It imports nothing of the server, so that a command which only asks others need not pay for it.
"""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

__all__ = ["allow_descriptors", "run", "stop_requested"]

SPARE = 256
SAME_SIGNAL = 0.1
STOP = (signal.SIGINT, signal.SIGTERM)

log = logging.getLogger("mochi")


def stop_requested() -> asyncio.Future[signal.Signals]:
    """What SIGINT or SIGTERM resolves. The second finds no handler any more and kills at once.

    What comes within a moment counts as one: a supervisor may signal a whole process group, in
    which `uv run` passes the signal on once more.
    """
    loop = asyncio.get_running_loop()
    received: asyncio.Future[signal.Signals] = loop.create_future()

    def stop(number: signal.Signals) -> None:
        if not received.done():
            received.set_result(number)
            loop.call_later(SAME_SIGNAL, give_up_handling)

    def give_up_handling() -> None:
        for each in STOP:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    with suppress(NotImplementedError):  # Windows, where Ctrl-C cancels the main task instead
        for each in STOP:
            loop.add_signal_handler(each, stop, each)
    return received


def run(main: Coroutine[Any, Any, int]) -> int:
    """Run a command to its end, on uvloop where there is one.

    Then signals do again what they did before: a closed uvloop would swallow them.
    """
    before = {each: signal.getsignal(each) for each in STOP}
    try:
        with asyncio.Runner(loop_factory=_event_loop) as runner:
            return runner.run(main)
    finally:
        with suppress(ValueError):  # not in the main thread, where nobody listened either
            for each, handler in before.items():
                signal.signal(each, handler)


def _event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def allow_descriptors(streams: int) -> None:
    """Raise the soft descriptor limit to two a stream, one for each side, and some to spare."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * streams + SPARE
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(ValueError, OSError):  # macOS has a ceiling of its own under an infinite limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    if soft < wanted:
        log.warning("%d open files are enough for %d streams", soft, max(0, soft - SPARE) // 2)
