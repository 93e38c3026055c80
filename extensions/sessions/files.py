"""Files that are replaced whole: whoever looks sees the old one or the new one, never a half."""

import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = [
    "ATTEMPTS",
    "Disk",
    "NotRegular",
    "OverLimit",
    "Unsynced",
    "WrittenMeanwhile",
    "create",
    "read",
    "remove",
    "remove_litter",
    "replace",
    "revision_of",
]

MODE = 0o600
FOLDER_MODE = 0o700

# Names that Windows lacks. A FIFO would keep an `open` that waits for ever.
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
NO_WAIT = getattr(os, "O_NONBLOCK", 0)
BINARY = getattr(os, "O_BINARY", 0)

# `.NAME.RANDOM.tmp`: no `*.json`, no `*.md`, and not to be taken for a file of anybody else.
TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}\.tmp", re.DOTALL)
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems without hard links say, those of memory sticks for one."""

ATTEMPTS = 20
"""How often a change starts again because another program wrote while it was being made."""

LITTER_AGE = 600.0
"""Seconds after which a temporary file belongs to no write that is still going on."""


class NotRegular(OSError):
    """A link, a folder, a pipe: nothing that is read or written through its name."""


class OverLimit(Exception):
    """The file is larger than what may be read; `status` is its own."""

    def __init__(self, status: os.stat_result) -> None:
        super().__init__(f"it is too large: {status.st_size} bytes")
        self.status = status


class Unsynced(OSError):
    """The change is made, and everybody sees it; but the disk would not say that it has it, so a
    loss of power may undo it."""


class WrittenMeanwhile(Exception):
    """The file is no longer the one that was to be replaced."""


class Disk:
    """What a write asks of the operating system, step by step; tests let a step fail."""

    def may_change(self, folder: Path) -> bool:
        """Also `False` for a file system that is mounted to be read alone."""
        return os.access(folder, os.W_OK | os.X_OK)

    def mkdir(self, path: Path) -> None:
        path.mkdir(mode=FOLDER_MODE, exist_ok=True)

    def open(self, path: Path, flags: int) -> int:
        return os.open(path, flags, MODE)

    def write(self, file: int, data: memoryview) -> int:
        return os.write(file, data)

    def fsync(self, file: int) -> None:
        os.fsync(file)

    def rename(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def link(self, source: Path, target: Path) -> None:
        os.link(source, target)

    def unlink(self, path: Path) -> None:
        os.unlink(path)


def revision_of(status: os.stat_result) -> str:
    """What changes with every change of a file, whether it is replaced or written in place."""
    return f"{status.st_ino}.{status.st_mtime_ns}.{status.st_size}"


def read(path: Path, limit: int) -> tuple[bytes, os.stat_result]:
    """The content of a regular file of at most `limit` bytes, and its status before it was read.

    `OverLimit` for a larger one, `NotRegular` for links and all else, `OSError` for what
    cannot be opened.
    """
    try:
        file = os.open(path, os.O_RDONLY | NO_FOLLOW | NO_WAIT | BINARY)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link; a socket
            raise NotRegular(error.errno, "Not a regular file") from error
        raise
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise NotRegular(errno.EINVAL, "Not a regular file")
        if status.st_size > limit:
            raise OverLimit(status)
        with open(file, "rb", closefd=False) as opened:
            return opened.read(), status
    finally:
        os.close(file)


def replace(path: Path, data: bytes, *, expected: str, disk: Disk) -> os.stat_result:
    """Put `data` in the place of the file of the revision `expected` (`""`: of no file).

    On disk when this returns, and safe from a loss of power. `WrittenMeanwhile` if another file
    stands there now; it stays, as the old one does after any `OSError`, except `Unsynced`: then the
    new one is in its place.
    """
    make_folder(path.parent, disk)
    temporary = temporary_for(path)
    try:
        status = write(temporary, data, disk)
        # As late as it can be: a program that knows no locks has the shortest time to slip in.
        if revision_at(path) != expected:
            raise WrittenMeanwhile
        disk.rename(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    settle(path.parent, disk)
    return status


def create(path: Path, data: bytes, disk: Disk) -> None:
    """Put `data` in a new file, which is not there before it is whole.

    `FileExistsError` if anything has the name; otherwise as `replace`.
    """
    make_folder(path.parent, disk)
    temporary = temporary_for(path)
    try:
        write(temporary, data, disk)
        take_name(temporary, path, disk)
    finally:
        with suppress(OSError):
            os.unlink(temporary)
    settle(path.parent, disk)


def take_name(temporary: Path, path: Path, disk: Disk) -> None:
    try:
        disk.link(temporary, path)  # unlike a renaming, it replaces nothing
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if revision_at(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        disk.rename(temporary, path)


def temporary_for(path: Path) -> Path:
    return path.with_name(f".{path.stem}.{secrets.token_hex(8)}.tmp")


def remove(path: Path, disk: Disk) -> None:
    """Remove the file for good; after `Unsynced` it is gone, too."""
    disk.unlink(path)
    settle(path.parent, disk)


def write(path: Path, data: bytes, disk: Disk) -> os.stat_result:
    """Make a new file with this content, and wait until the disk has it."""
    file = disk.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | BINARY)
    try:
        left = memoryview(data)
        while left:
            left = left[disk.write(file, left) :]
        disk.fsync(file)
        return os.fstat(file)
    finally:
        os.close(file)


def revision_at(path: Path) -> str:
    """The revision of what stands there, `""` for nothing."""
    try:
        return revision_of(os.lstat(path))
    except FileNotFoundError:
        return ""


def make_folder(folder: Path, disk: Disk) -> None:
    """Make the folder and what is missing above it, each the owner's alone and on disk."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for level in reversed(missing):
        disk.mkdir(level)
        sync_folder(level.parent, disk)


def settle(folder: Path, disk: Disk) -> None:
    """Wait until the disk has what was changed in the folder; `Unsynced` if that cannot be told."""
    try:
        sync_folder(folder, disk)
    except OSError as error:
        raise Unsynced(error.errno, error.strerror) from error


def sync_folder(folder: Path, disk: Disk) -> None:
    """Without this, a renamed file may have its old name again after a loss of power."""
    if os.name == "nt":  # Windows opens no folders
        return
    file = disk.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        disk.fsync(file)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot
            raise
    finally:
        os.close(file)


def remove_litter(folder: Path) -> None:
    """Remove what writes left behind that a crash cut short."""
    for path in litter(folder):
        with suppress(OSError):
            os.unlink(path)


def litter(folder: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(folder) as entries:
        oldest = time.time() - LITTER_AGE
        for entry in entries:
            if TEMPORARY.fullmatch(entry.name):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and status.st_mtime < oldest:
                    yield Path(entry.path)
