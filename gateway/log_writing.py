"""Log lines written behind the back of the event loop, to standard error or to a file a day."""

import logging
import os
import sys
import threading
from contextlib import suppress
from logging.handlers import TimedRotatingFileHandler
from pathlib import Path
from typing import IO

from gateway.http.request_log import Seen, json_line

__all__ = ["DailyFile", "WrittenBehind"]

GATHER = 0.1
"""Seconds in which the lines of many requests become one write."""
MOST = 100_000
"""Lines that may wait for a disk or a terminal that takes none."""


class WrittenBehind(logging.Handler):
    """Formats records at once, and has a thread pass the lines to `inner`, many as one record.

    A write for every request, on the event loop, would take longer than much of the request, and
    all others wait while a disk or a pipe is slow. What waits is written when logging is shut down.
    Lines are left out where more wait than is reasonable, and lost where `inner` raises `OSError`:
    then standard error is told so, once, and in either case the log itself as soon as it can be.
    """

    def __init__(self, inner: logging.Handler) -> None:
        super().__init__()
        self._inner = inner
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

    def flush(self) -> None:
        """Write what waits, now."""
        with self._writing:
            self._news.clear()
            self._awake = False
            # Not another list: who has this one in hand may be about to append to it.
            lines = self._lines[:]
            del self._lines[: len(lines)]
            lost, self._lost = self._lost, 0
            if lines or lost:
                self._write(lines, lost)

    def _write(self, lines: list[bytes], lost: int) -> None:
        told = [self._warning("%d lines are left out", lost)] if lost else []
        try:
            text = b"\n".join([*lines, *told]).decode()
            self._inner.handle(logging.makeLogRecord({"msg": text}))
            self._broken = False
        except OSError as error:
            self._lost += lost + len(lines)
            if not self._broken:
                self._broken = True
                text = "The log cannot be written (%s): until it can, lines are lost"
                with suppress(OSError):
                    print(self._warning(text, error).decode(), file=sys.stderr, flush=True)

    def _warning(self, text: str, *values: object) -> bytes:
        record = logging.LogRecord("mochi", logging.WARNING, __file__, 0, text, values, None)
        return self._encoded(record)

    def _encoded(self, record: logging.LogRecord) -> bytes:
        return self.format(record).encode("utf-8", "backslashreplace")

    def close(self) -> None:
        self._over.set()
        self._news.set()
        self.flush()
        self._inner.close()
        super().close()

    def _work(self) -> None:
        while not self._over.is_set():
            self._news.wait()
            self._over.wait(GATHER)
            self.flush()


class DailyFile(TimedRotatingFileHandler):
    """A file that only its owner reads. At midnight it gets the day at the end of its name and a
    new one begins; of the old ones so many `days` are kept. One that was moved or removed begins
    anew. `OSError` if it cannot be opened or written."""

    def __init__(self, path: Path, *, days: int) -> None:
        super().__init__(path, when="midnight", backupCount=days, encoding="utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        if self.stream is not None and not self._is_in_place(self.stream):
            self._leave()
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        self._leave()  # what it could not write would come before what it can write later
        raise

    def _is_in_place(self, stream: IO[str]) -> bool:
        """Whether the open file still has this name."""
        try:
            return os.path.samestat(os.stat(self.baseFilename), os.fstat(stream.fileno()))
        except OSError:
            return False

    def _leave(self) -> None:
        stream, self.stream = self.stream, None
        if stream is not None:
            with suppress(OSError):
                stream.close()

    def _open(self) -> IO[str]:  # type: ignore[override]
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return open(self.baseFilename, self.mode, encoding=self.encoding, opener=for_its_owner)


def for_its_owner(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
