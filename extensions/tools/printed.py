"""What tools print, in the log."""

import logging
import time
from collections.abc import Callable

__all__ = ["Printed"]

LINES_A_MINUTE = 120
LONGEST_LINE = 1000
"""Bytes of a line that are logged; the rest of it is dropped."""

log = logging.getLogger("mochi.tools")


class Printed:
    """The output of the process `pid`, line by line, as far as it is not too much."""

    def __init__(self, pid: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._pid = pid
        self._clock = clock
        self._minute = clock()
        self._left = LINES_A_MINUTE
        self._unfinished = b""

    def take(self, output: bytes) -> bool:
        """Log it; whether there may be more this minute. What comes all the same is dropped."""
        if self._clock() - self._minute >= 60:
            self._minute, self._left = self._clock(), LINES_A_MINUTE
        if not self._left:
            return False
        first, *others = output.split(b"\n", self._left)
        lines = [self._unfinished + first[:LONGEST_LINE], *others]
        self._unfinished = lines.pop()[:LONGEST_LINE]
        for line in lines:
            self._log(line)
        return self._left > 0

    def end(self) -> None:
        """Log what had no line break after it."""
        if self._unfinished and self._left:
            self._log(self._unfinished)

    def _log(self, line: bytes) -> None:
        self._left -= 1
        text = line[:LONGEST_LINE].decode("utf-8", "backslashreplace").rstrip()
        if text:
            log.info("Tool host %d: %s", self._pid, text)
        if not self._left:
            self._unfinished = b""
            log.warning("Tool host %d prints more than is logged.", self._pid)
