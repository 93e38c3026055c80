"""Files by the ids of what they hold, in one level of folders."""

import logging
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from extensions.sessions import files
from gateway.core.errors import StorageUnavailable

__all__ = ["LARGEST", "Absent", "Found", "Present", "Shards", "Unreadable"]

log = logging.getLogger("mochi.storage")

T = TypeVar("T")

LARGEST = 64 * 1024 * 1024
"""Bytes of a file, as of a session."""

SUFFIX = ".json"
SHARD = re.compile(r"[0-9a-z]{2}", re.ASCII)


class Absent(Exception):
    """There is nothing of this id, or nothing that could be read."""


class Present(Exception):
    """There is something of this id already."""


class Unreadable(ValueError):
    """These bytes are not what the file should hold, for the reason given."""


class Found(NamedTuple):
    """A file of a shard; `modified` in seconds since 1970."""

    id: str
    modified: float


class Shards:
    """Files `ID.json`, each in the folder that is called by the last two characters of its id.

    An id is the `prefix` with 8 to 64 digits and lower-case letters: no path, no device of Windows,
    and no two are the same name to a file system without case. Any other text is the id of nothing.

    Files are replaced whole, and are on disk when a method returns. All methods wait for the disk
    and raise `OSError` of it.
    """

    def __init__(
        self,
        folder: Path,
        prefix: str,
        *,
        disk: files.Disk | None = None,
        largest: int = LARGEST,
    ) -> None:
        self._folder = folder
        self._id = re.compile(re.escape(prefix) + r"[0-9a-z]{8,64}", re.ASCII)
        self._disk = disk or files.Disk()
        self._largest = largest

    def load(self, id: str, read: Callable[[str, bytes], T]) -> T:
        """What `read` makes of the id and the content of its file.

        What it finds `Unreadable` is as good as `Absent`, and left alone.
        """
        try:
            data, _ = files.read(self.path(id), self._largest)
            return read(id, data)
        except (FileNotFoundError, files.NotRegular):
            raise Absent(id) from None
        except (Unreadable, files.OverLimit) as error:
            log.warning("The file %s%s cannot be read: %s", id, SUFFIX, error)
            raise Absent(id) from error

    def create(self, id: str, data: bytes) -> None:
        """Keep a new file; `Present` if there is one, whatever it holds."""
        self._check(data)
        path = self.path(id)
        try:
            files.create(path, data, self._disk)
        except FileExistsError:
            if files.revision_at(path):
                raise Present(id) from None
            raise  # what should be a folder is something else

    def put(self, id: str, data: bytes) -> None:
        """Keep a file, in place of the one that may be there."""
        self._check(data)
        path = self.path(id)
        for _ in range(files.ATTEMPTS):
            try:
                files.replace(path, data, expected=files.revision_at(path), disk=self._disk)
            except files.WrittenMeanwhile:
                continue
            return
        raise StorageUnavailable(f"Another program keeps writing {id}{SUFFIX}.")

    def remove(self, id: str) -> None:
        """Remove a file for good; `Absent` if there is none."""
        try:
            files.remove(self.path(id), self._disk)
        except FileNotFoundError:
            raise Absent(id) from None

    def touch(self, id: str) -> None:
        """Let the file be modified just now, its content as it is; `Absent` if there is none."""
        try:
            os.utime(self.path(id))
        except FileNotFoundError:
            raise Absent(id) from None

    def modified(self, id: str) -> float:
        """When the file was modified, in seconds since 1970; `Absent` if there is none."""
        try:
            return self.path(id).stat(follow_symlinks=False).st_mtime
        except FileNotFoundError:
            raise Absent(id) from None

    def path(self, id: str) -> Path:
        """Where the file is or would be; `Absent` for the id of nothing."""
        if self._id.fullmatch(id) is None:
            raise Absent(id)
        return self._folder / id[-2:] / f"{id}{SUFFIX}"

    def names(self) -> list[str]:
        """The shards there are."""
        try:
            return sorted(name for name in os.listdir(self._folder) if SHARD.fullmatch(name))
        except FileNotFoundError:
            return []

    def found(self, shard: str) -> list[Found]:
        """The files in a shard, and none of what a write has left there that was killed."""
        folder = self._folder / shard
        files.remove_litter(folder)
        try:
            with os.scandir(folder) as entries:
                return list(self._found(shard, entries))
        except FileNotFoundError:
            return []

    def _found(self, shard: str, entries: Iterator["os.DirEntry[str]"]) -> Iterator[Found]:
        for entry in entries:
            id, suffix = os.path.splitext(entry.name)
            if suffix != SUFFIX or id[-2:] != shard or self._id.fullmatch(id) is None:
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(status.st_mode):
                yield Found(id, status.st_mtime)

    def _check(self, data: bytes) -> None:
        if len(data) > self._largest:
            raise StorageUnavailable(
                f"What is to be kept is larger than {self._largest} bytes.", reason="EFBIG"
            )
