"""Where lines of the log are put: standard error, or a file a day.

Each takes bytes, all of them, or raises `OSError`; of what it did not take a part may be there.
"""

import os
import re
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Protocol

__all__ = ["DailyFile", "Place", "StandardError", "say_on_standard_error"]


class Place(Protocol):
    """Where lines go."""

    def write(self, lines: bytes) -> None: ...

    def close(self) -> None: ...


class StandardError:
    """By its descriptor: a thread that waits for a reader of Python's own stream would hold the
    lock that the interpreter takes at its end."""

    def write(self, lines: bytes) -> None:
        write_all(sys.stderr.fileno(), lines)

    def close(self) -> None:
        pass


class DailyFile:
    """A file to which one day's lines go; it is made for its owner alone.

    With the first line of another day it gets the day that it is of at the end of its name and a
    new one begins; where that cannot be, or something has that name, it goes on. Of those with
    a day so many `days` are kept. A file that was moved or removed begins anew. `OSError` if it
    cannot be opened.
    """

    def __init__(self, path: Path, *, days: int) -> None:
        self._path = path
        self._days = days
        self._descriptor: int | None = None
        self._open()
        self._day = date.fromtimestamp(path.stat().st_mtime)

    def write(self, lines: bytes) -> None:
        if self._day != date.today():
            with suppress(OSError):
                self._begin_day()
        descriptor = self._descriptor
        if descriptor is None or not self._is_in_place(descriptor):
            descriptor = self._open()
        write_all(descriptor, lines)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)

    def _open(self) -> int:
        self.close()
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(self._path, flags, 0o600)
        return self._descriptor

    def _is_in_place(self, descriptor: int) -> bool:
        """Whether the open file still has this name."""
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(descriptor))
        except OSError:
            return False

    def _begin_day(self) -> None:
        of_that_day = self._path.with_name(f"{self._path.name}.{self._day}")
        self._day = date.today()
        if self._path.is_file() and not of_that_day.exists():
            self._path.rename(of_that_day)
        for old in self._with_a_day()[self._days :]:
            old.unlink()

    def _with_a_day(self) -> list[Path]:
        """The earlier files, the newest first."""
        name = re.compile(re.escape(self._path.name) + r"\.\d{4}-\d{2}-\d{2}")
        found = [each for each in self._path.parent.iterdir() if name.fullmatch(each.name)]
        return sorted(found, reverse=True)


def write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def say_on_standard_error(line: bytes) -> None:
    """If it can be said there."""
    with suppress(OSError, ValueError):
        StandardError().write(line + b"\n")
