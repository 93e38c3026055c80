"""Log lines written behind the back of the event loop."""

import logging
import threading

from gateway.http.request_log import Seen, json_line
from gateway.logs.places import Place, say_on_standard_error

__all__ = ["WrittenBehind"]

GATHER = 0.1
"""Seconds in which the lines of many requests become one write."""
MOST = 20_000
"""Lines that may wait for a disk or a terminal that takes none."""
AT_THE_END = 1.0
"""Seconds that whoever flushes waits for a write under way: its reader may never read."""


class WrittenBehind(logging.Handler):
    """Formats records at once, and has a thread put the lines into `place`, many in one write.

    A write for every request, on the event loop, would take longer than much of the request, and
    all others wait while a disk or a pipe is slow. What waits is written when logging is shut down.
    Lines are left out where more wait than is reasonable, and lost where they cannot be put: then
    standard error is told so, once. In either case a line of the log says how many it may be.
    """

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place
        self._lines: list[bytes] = []
        self._lost = 0
        self._broken = False
        self._awake = False
        self._news = threading.Event()
        self._over = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self._encoded(record)
        except Exception:
            self.handleError(record)
        else:
            self._put(line)

    def log_request(self, seen: Seen) -> None:
        """Take a request that is over, for a line of JSON: not as a record, which would cost ten
        times as much."""
        self._put(json_line(seen))

    def flush(self) -> None:
        """Write what waits, now; unless an earlier write does not come to its end."""
        if self._writing.acquire(timeout=AT_THE_END):
            try:
                self._write()
            finally:
                self._writing.release()

    def close(self) -> None:
        self._over.set()
        self._news.set()
        self.flush()
        self._place.close()
        super().close()

    def _put(self, line: bytes) -> None:
        if len(self._lines) >= MOST:
            self._lost += 1
            return
        self._lines.append(line)
        if not self._awake:
            self._awake = True
            self._news.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="log", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while not self._over.is_set():
            self._news.wait()
            self._over.wait(GATHER)
            self.flush()

    def _write(self) -> None:
        self._news.clear()
        self._awake = False
        # Not another list: who has this one in hand may be about to append to it.
        lines = self._lines[:]
        del self._lines[: len(lines)]
        if not lines and not self._lost:
            return
        lost, self._lost = self._lost, 0
        told = [self._warning("up to %d lines are missing", lost)] if lost else []
        # What could not be put may have left half a line.
        begin = [b""] if self._broken else []
        try:
            self._place.write(b"\n".join([*begin, *lines, *told, b""]))
        except (OSError, ValueError) as error:
            self._lost += lost + len(lines)
            if not self._broken:
                why = "The log cannot be written (%s): until it can, lines are lost"
                say_on_standard_error(self._warning(why, error))
            self._broken = True
        else:
            self._broken = False

    def _warning(self, text: str, *values: object) -> bytes:
        record = logging.LogRecord("mochi", logging.WARNING, __file__, 0, text, values, None)
        return self._encoded(record)

    def _encoded(self, record: logging.LogRecord) -> bytes:
        return self.format(record).encode("utf-8", "backslashreplace")
