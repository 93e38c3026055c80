"""Disks on which something goes wrong."""

import os
from collections.abc import Callable
from pathlib import Path

from extensions.sessions.files import Disk

__all__ = ["FailingDisk", "HastyDisk", "InterruptedDisk", "StutteringDisk"]


class FailingDisk(Disk):
    """Fails at its step `at`, counted from 1; `failed` tells whether it came so far."""

    def __init__(self, at: int, number: int) -> None:
        self._left = at
        self._number = number
        self.failed = False

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            self.failed = True
            raise OSError(self._number, os.strerror(self._number))

    def mkdir(self, path: Path) -> None:
        self.step()
        super().mkdir(path)

    def open(self, path: Path, flags: int) -> int:
        self.step()
        return super().open(path, flags)

    def write(self, file: int, data: memoryview) -> int:
        self.step()
        return super().write(file, data[: len(data) // 2 + 1])

    def fsync(self, file: int) -> None:
        self.step()
        super().fsync(file)

    def rename(self, source: Path, target: Path) -> None:
        self.step()
        super().rename(source, target)

    def unlink(self, path: Path) -> None:
        self.step()
        super().unlink(path)


class HastyDisk(Disk):
    """Waits for nothing, for tests that write a lot."""

    def fsync(self, file: int) -> None:
        pass


class StutteringDisk(Disk):
    """Takes seven bytes at a time."""

    def write(self, file: int, data: memoryview) -> int:
        return super().write(file, data[:7])


class InterruptedDisk(Disk):
    """Something happens between the first write of each file and its renaming."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self._meanwhile = meanwhile

    def write(self, file: int, data: memoryview) -> int:
        written = super().write(file, data)
        self._meanwhile()
        return written
