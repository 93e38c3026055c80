"""A terminal for programs under test, and what a person would see on one."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from gateway.tests.processes import ROOT

__all__ = ["Terminal", "at_a_terminal", "seen"]

PATIENCE = 15
SEQUENCE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|(.)", re.S)


def seen(output: str, height: int = 24) -> list[str]:
    """The lines that a screen of this height shows after such output, with what scrolled away.

    Knows what our programs use: the cursor cannot be moved above the top of the screen.
    """
    lines, row, column = [""], 0, 0
    for found in SEQUENCE.finditer(output):
        argument, command, character = found.groups()
        match command or character:
            case "\n":
                row += 1
                column = 0
                lines += [""] * (row + 1 - len(lines))
            case "\r":
                column = 0
            case "\b":
                column = max(0, column - 1)
            case "A" if command:
                row = max(row - int(argument or 1), len(lines) - height, 0)
            case "K" if command:
                lines[row] = "" if argument == "2" else lines[row][:column]
            case str() if character and character >= " ":
                line = lines[row].ljust(column)
                lines[row] = line[:column] + character + line[column + 1 :]
                column += 1
    return [line.rstrip() for line in lines]


class Terminal:
    """A running program and the other end of its terminal."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self.output = ""
        """All that the program has written so far."""
        self._master = master
        self._read = 0

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def interrupt(self) -> None:
        """Ctrl-C, as late as a person would: `input` is deaf to a signal between its prompt and
        its first wait for a key."""
        time.sleep(0.2)
        self.type("\x03")

    def until(self, text: str) -> str:
        """What the program writes from here up to `text`, which it must within seconds."""
        end = time.monotonic() + PATIENCE
        while (at := self.output.find(text, self._read)) < 0:
            if not self._more(end - time.monotonic()):
                raise AssertionError(f"no {text!r} in {self.output[self._read :]!r}")
        start, self._read = self._read, at + len(text)
        return self.output[start : self._read]

    def status(self) -> int:
        """The exit status, once it has ended."""
        end = time.monotonic() + PATIENCE
        while self._more(end - time.monotonic()):
            pass
        return self.process.wait(timeout=PATIENCE)

    def _more(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0, seconds))
        try:
            block = os.read(self._master, 65536) if ready else b""
        except OSError:
            block = b""  # that is how Linux says that the other end is closed
        self.output += block.decode("utf-8", "replace")
        return bool(block)


@contextmanager
def at_a_terminal(*arguments: str, home: Path, **environment: str) -> Iterator[Terminal]:
    """`mochi …` on 24 lines of 80 characters, ended when the block is left."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOCHI_")}
    kept |= {"TERM": "xterm", "XDG_DATA_HOME": str(home), "HOME": str(home), "LC_ALL": "C.UTF-8"}
    kept.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=ROOT,
        env=kept | environment,
        preexec_fn=partial(os.login_tty, slave),  # so that Ctrl-C typed there is a signal
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        os.close(master)
        process.kill()
        process.wait()
