"""The process of a tool host, its pipes, and its end."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from extensions.tools.printed import Printed
from extensions.tools.wire import FromHost, ToHost, line

__all__ = ["HostProcess"]

LONGEST_LINE = 8 * 1024 * 1024
"""Bytes. A result has at most 64 KiB of text, and a catalogue of hundreds of tools some more."""

LAST_WORDS_SECONDS = 0.5
"""How long the end of a process waits for the end of its pipe, which a copy may hold open."""

PAUSE_SECONDS = 0.01
"""Between two reads of output that is dropped, so that endless printing costs the server little."""

# The folders a module is looked for in are the server's own, and nothing in the environment, which
# the programs that tools start would inherit.
BOOT = (
    "import sys; sys.path[:] = sys.argv.pop().split('\\n'); "
    "from extensions.tools.worker import main; main()"
)

STDIN, STDOUT, STDERR = 0, 1, 2

_decode = msgspec.json.Decoder(FromHost).decode


def environment() -> dict[str, str]:
    """Ours, but for our settings, among them the key: no tool needs to know how to call us."""
    return {name: value for name, value in os.environ.items() if not is_ours(name)}


def is_ours(name: str) -> bool:
    return name.upper().startswith("MOCHI_")


class HostProcess(asyncio.SubprocessProtocol):
    """Calls `heard` with all that the host says and then, once, `ended` with the reason.

    The process leads a group of its own, which ends as a whole.
    """

    def __init__(self, heard: Callable[[FromHost], None], ended: Callable[[str], None]) -> None:
        self._heard = heard
        self._ended = ended
        self._line = bytearray()
        self._reason: str | None = None
        self._exited = False
        self._over = False
        self._gone = asyncio.Event()

    async def start(self) -> None:
        """Once; `OSError` if there can be no process."""
        await asyncio.get_running_loop().subprocess_exec(
            lambda: self,
            *(sys.executable, "-c", BOOT, "\n".join(sys.path)),
            env=environment(),
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._pid

    def say(self, said: ToHost) -> None:
        if not self._input.is_closing():
            self._input.write(line(said))

    def kill(self, reason: str | None = None) -> None:
        """End the group at once, because of `reason`; without one the exit status is told."""
        self._reason = self._reason or reason
        if not self._exited:
            self._kill_group()

    @property
    def is_gone(self) -> bool:
        return self._gone.is_set()

    async def gone(self) -> None:
        """Wait until nothing is left of it: no process, no descriptor."""
        await self._gone.wait()

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.SubprocessTransport = transport
        self._pid: int = transport.get_pid()
        self._input = transport.get_pipe_transport(STDIN)
        self._printed = Printed(self._pid)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == STDERR:
            self._take_output(data)
        elif not self._over:
            self._take_lines(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd != STDOUT:
            return
        if self._exited:
            self._end()
        else:
            self._kill_group()

    def process_exited(self) -> None:
        self._kill_group()
        self._exited = True
        stdout: Any = self._transport.get_pipe_transport(STDOUT)
        if stdout is None or stdout.is_closing():
            self._end()
        else:
            asyncio.get_running_loop().call_later(LAST_WORDS_SECONDS, self._end)

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set()

    def _take_lines(self, data: bytes) -> None:
        self._line += data
        if b"\n" in data:
            *lines, rest = self._line.split(b"\n")
            self._line = rest
            for text in lines:
                self._take_line(text)
        if len(self._line) > LONGEST_LINE:
            self._line.clear()
            self._end("said too much at once")

    def _take_line(self, text: bytearray) -> None:
        try:
            said = _decode(text)
        except (ValueError, RecursionError):
            self._end("wrote into a pipe that is not its own")
        else:
            if not self._over:
                self._heard(said)

    def _take_output(self, data: bytes) -> None:
        if self._printed.take(data):
            return
        pipe: Any = self._transport.get_pipe_transport(STDERR)
        if pipe is not None and not pipe.is_closing():
            pipe.pause_reading()
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, resume, pipe)

    def _end(self, reason: str | None = None) -> None:
        if not self._over:
            self._over = True
            self.kill(reason)
            self._printed.end()
            self._ended(self._reason or exit_reason(self._transport.get_returncode()))
        if self._exited:
            self._transport.close()

    def _kill_group(self) -> None:
        # After its end, too: what tools have started outlives it.
        with suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":  # which has no groups
                self._transport.kill()
            else:
                os.killpg(self._pid, signal.SIGKILL)


def resume(pipe: Any) -> None:
    if not pipe.is_closing():
        pipe.resume_reading()


def exit_reason(status: int | None) -> str:
    """What a process did to end so."""
    if status is None or status >= 0:
        return f"exited with status {status}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-status).name}"
    return f"was ended by signal {-status}"
