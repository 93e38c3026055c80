"""The tool host: the child process in which the user's functions are imported and run.

It is started by `extensions.tools.process` and speaks what `extensions.tools.wire` says.
"""

import asyncio
import inspect
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from extensions.tools.binding import InvalidArguments, bound
from extensions.tools.discovery import scan
from extensions.tools.results import call_failed, call_refused, failure_text, result_text
from extensions.tools.wire import FromHost, Importing, Ran, Run, Scan, Scanned, ToHost, line

__all__ = ["main"]

FROM_SERVER, TO_SERVER = 200, 201
"""Descriptors far above those that user code closes, reuses or takes for its own."""

SWITCH_SECONDS = 0.001
"""How long a thread that computes keeps the others waiting; Python's own 5 ms, several times for
every call, would make one busy tool felt by all."""

_decode = msgspec.json.Decoder(ToHost).decode


def main() -> None:
    """Answer the server until it says no more; this never returns."""
    take_pipes()
    sys.setswitchinterval(SWITCH_SECONDS)
    # No SIG_IGN, which programs that a tool starts would inherit.
    signal.signal(signal.SIGINT, lambda *_: None)
    if sys.platform != "win32":
        os.register_at_fork(after_in_child=give_up_pipes)
    try:
        Worker(asyncio.new_event_loop()).serve()
    except BaseException:
        traceback.print_exc()
    finally:
        end()  # without waiting for the threads that tools have started


def take_pipes() -> None:
    """Move the two pipes of the protocol out of the way of whoever reads and prints."""
    os.dup2(0, FROM_SERVER, inheritable=False)
    os.dup2(1, TO_SERVER, inheritable=False)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]


def give_up_pipes() -> None:
    """A forked copy of the host must not speak for it, nor keep its pipes open after its end."""
    for pipe in (FROM_SERVER, TO_SERVER):
        os.close(pipe)


def end() -> None:
    """End the host and, where it leads its process group, what the tools have started."""
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


class Worker:
    """Imports on the main thread, whose loop then runs the `async def` functions; all other
    functions have a thread each, so that one that hangs keeps nobody waiting."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._speaking = threading.Lock()
        self._tasks = set[asyncio.Task[None]]()
        self._functions: dict[str, Callable[..., Any]] = {}
        self._scan = threading.Event()
        self._asked = Scan(folder="")

    def serve(self) -> None:
        threading.Thread(target=self._listen, name="server", daemon=True).start()
        self._scan.wait()
        found = scan(
            Path(self._asked.folder), self._asked.skip, self._importing, apart=self._asked.apart
        )
        self._functions = found.functions
        self._say(Scanned(found.catalogue))
        asyncio.set_event_loop(self._loop)
        while not self._loop.is_closed():
            try:
                self._loop.run_forever()
            except (SystemExit, KeyboardInterrupt) as error:  # of a task that a tool left behind
                print(f"{type(error).__name__} on the loop of the tools", file=sys.stderr)

    def _listen(self) -> None:
        try:
            with os.fdopen(FROM_SERVER, "rb", closefd=False) as lines:
                for text in lines:
                    match _decode(text):
                        case Scan() as asked:
                            self._asked = asked
                            self._scan.set()
                        case Run() as run:
                            self._begin(run)
        finally:
            end()

    def _importing(self, package: str) -> None:
        self._say(Importing(package))

    def _say(self, said: FromHost) -> None:
        rest = memoryview(line(said))
        try:
            with self._speaking:
                while rest:
                    rest = rest[os.write(TO_SERVER, rest) :]
        except OSError:
            end()

    def _begin(self, run: Run) -> None:
        call = Call(run, self._functions.get(run.name), self._say)
        try:
            if inspect.iscoroutinefunction(call.function):
                self._loop.call_soon_threadsafe(self._begin_task, call)
            else:
                threading.Thread(target=self._in_thread, args=(call,), daemon=True).start()
        except RuntimeError as error:  # no more threads, or the loop was closed
            call.failed(error)

    def _in_thread(self, call: "Call") -> None:
        try:
            result = call()
            if inspect.isawaitable(result):
                self._loop.call_soon_threadsafe(self._begin_task, call, result)
            else:
                call.returned(result)
        except BaseException as error:
            call.failed(error)

    def _begin_task(self, call: "Call", result: Any = None) -> None:
        task = self._loop.create_task(call.awaited(result))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Call:
    """One call, which says how it ended; `function` is `None` if there is no such tool."""

    def __init__(
        self, run: Run, function: Callable[..., Any] | None, say: Callable[[Ran], None]
    ) -> None:
        self.function = function
        self._run = run
        self._say = say
        self._began = perf_counter()

    def __call__(self) -> Any:
        if self.function is None:
            raise LookupError("it is not there any more")
        return self.function(**bound(self.function, self._run.arguments))

    async def awaited(self, result: Any = None) -> None:
        try:
            self.returned(await (self() if result is None else result))
        except BaseException as error:  # also what would end the loop
            self.failed(error)

    def returned(self, result: Any) -> None:
        text = result_text(result)
        self._say(Ran(id=self._run.id, result=text, seconds=self._seconds()))

    def failed(self, error: BaseException) -> None:
        told = call_refused if isinstance(error, InvalidArguments) else call_failed
        text = told(self._run.name.rpartition("/")[2], failure_text(error))
        self._say(Ran(id=self._run.id, error=text, seconds=self._seconds()))

    def _seconds(self) -> float:
        return perf_counter() - self._began
