"""The prompt files: `*.md` directly in one folder."""

import logging
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from extensions.prompts.names import is_prompt_name
from extensions.sessions import files
from extensions.sessions.prompt import check_prompt
from extensions.sessions.threads import to_the_end
from gateway.core.errors import (
    LONGEST_NAME,
    InvalidRequest,
    PromptExists,
    PromptNotFound,
    StorageUnavailable,
)

__all__ = ["PromptFiles", "PromptItem"]

LARGEST = 1024 * 1024
LONGEST_PREVIEW = 250

log = logging.getLogger("mochi")


class PromptItem(Struct, frozen=True, kw_only=True):
    """A prompt file in a list: at most 250 characters of it, and how many words it has."""

    filename: str
    preview: str
    word_count: int


class PromptFiles:
    """The prompt files of a folder, which is made when the first one is written.

    Only regular files count, never links. What cannot be read as UTF-8, or is larger than 1 MiB,
    cannot be read at all.
    """

    def __init__(self, folder: Path, disk: files.Disk | None = None) -> None:
        self._folder = folder
        self._disk = disk or files.Disk()
        self._writing = threading.Lock()
        self._swept = False

    def may_exist(self, filename: str) -> bool:
        return is_prompt_name(filename)

    async def items(self) -> list[PromptItem]:
        """All that can be read, by name."""
        return await to_the_end(self._items)

    async def read(self, filename: str) -> str:
        """The text of a file; `PromptNotFound`, also for a name that none can have."""
        return await to_the_end(lambda: self._read(filename))

    async def create(self, filename: str, content: str) -> None:
        """A new file; `PromptExists` if one has the name, or differs from it in case alone."""
        if not is_prompt_name(filename):
            raise InvalidRequest(
                "A prompt file is called NAME.md: at most 120 characters, no path, no dot at its "
                "beginning, nothing that Windows could not hold.",
                param="filename",
            )
        check_prompt(content, "content")
        await to_the_end(lambda: self._create(filename, content))

    async def replace(self, filename: str, content: str) -> None:
        """Another content for a file that is there."""
        check_prompt(content, "content")
        await to_the_end(lambda: self._replace(filename, content))

    async def delete(self, filename: str) -> None:
        await to_the_end(lambda: self._delete(filename))

    def _items(self) -> list[PromptItem]:
        files.remove_litter(self._folder)
        items = []
        for name in sorted(self._names()):
            try:
                items.append(item_of(name, self._read(name)))
            except (PromptNotFound, StorageUnavailable) as error:
                log.warning("The prompt file %r is left out: %s", name, error.message)
        return items

    def _names(self) -> list[str]:
        try:
            return [name for name in os.listdir(self._folder) if is_prompt_name(name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise unavailable(error) from error

    def _read(self, filename: str) -> str:
        path = self._path(filename)
        try:
            content, _ = files.read(path, LARGEST)
            return content.decode()
        except (
            FileNotFoundError,
            PermissionError,
            UnicodeDecodeError,
            files.NotRegular,
            files.OverLimit,
        ) as error:
            raise not_found(filename) from error
        except OSError as error:
            raise unavailable(error) from error

    def _create(self, filename: str, content: str) -> None:
        path = self._path(filename)
        with self._writing, storage_errors():
            files.make_folder(self._folder, self._disk)
            if filename.casefold() in {name.casefold() for name in self._names()}:
                raise exists(filename)
            self._sweep()
            try:
                files.create(path, content.encode(), self._disk)
            except FileExistsError:
                raise exists(filename) from None

    def _replace(self, filename: str, content: str) -> None:
        path = self._path(filename)
        with self._writing, storage_errors():
            self._sweep()
            for _ in range(files.ATTEMPTS):
                with suppress(files.WrittenMeanwhile):  # by another program: then ours comes later
                    old = files.revision_of(self._status(filename))
                    files.replace(path, content.encode(), expected=old, disk=self._disk)
                    return
        raise StorageUnavailable(f"Another program keeps writing the prompt file '{filename}'.")

    def _delete(self, filename: str) -> None:
        path = self._path(filename)
        with self._writing, storage_errors():
            self._status(filename)
            files.remove(path, self._disk)

    def _sweep(self) -> None:
        """Before the first write, remove what one that was killed has left behind."""
        if not self._swept:
            files.remove_litter(self._folder)
            self._swept = True

    def _status(self, filename: str) -> os.stat_result:
        """The status of a file that is there."""
        try:
            status = os.lstat(self._path(filename))
        except FileNotFoundError:
            raise not_found(filename) from None
        if not stat.S_ISREG(status.st_mode):
            raise not_found(filename)
        return status

    def _path(self, filename: str) -> Path:
        """Where a file of this name stands, directly in the folder."""
        if not is_prompt_name(filename):
            raise not_found(filename)
        return self._folder / filename


def item_of(filename: str, content: str) -> PromptItem:
    preview = content
    if len(content) > LONGEST_PREVIEW:
        preview = content[: LONGEST_PREVIEW - 3].rstrip() + "..."
    return PromptItem(filename=filename, preview=preview, word_count=len(content.split()))


@contextmanager
def storage_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unavailable(error) from error


def unavailable(error: OSError) -> StorageUnavailable:
    done = {"done": True} if isinstance(error, files.Unsynced) else {}
    return StorageUnavailable(f"The prompt files cannot be used: {error.strerror}.", **done)


def not_found(filename: str) -> PromptNotFound:
    shown = filename[:LONGEST_NAME]
    return PromptNotFound(f"No prompt file '{shown}' that could be read.", filename=shown)


def exists(filename: str) -> PromptExists:
    return PromptExists(f"There is a prompt file '{filename}' already.", filename=filename)
