"""The prompt files: `*.md` directly in one folder."""

import asyncio
import logging
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from extensions.prompts.names import is_prompt_name
from extensions.sessions.prompt import check_prompt
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

# Neither exists on Windows, where files cannot be links without a privilege, nor pipes at all.
SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

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

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writing = threading.Lock()

    def may_exist(self, filename: str) -> bool:
        return is_prompt_name(filename)

    async def items(self) -> list[PromptItem]:
        """All that can be read, by name."""
        return await asyncio.to_thread(self._items)

    async def read(self, filename: str) -> str:
        """The text of a file; `PromptNotFound`, also for a name that none can have."""
        return await asyncio.to_thread(self._read, filename)

    async def create(self, filename: str, content: str) -> None:
        """A new file; `PromptExists` if one has the name, or differs from it in case alone."""
        if not is_prompt_name(filename):
            raise InvalidRequest(
                "A prompt file is called NAME.md: at most 120 characters, no path, no dot at its "
                "beginning, nothing that Windows could not hold.",
                param="filename",
            )
        check_prompt(content, "content")
        await asyncio.to_thread(self._create, filename, content)

    async def replace(self, filename: str, content: str) -> None:
        """Another content for a file that is there."""
        check_prompt(content, "content")
        await asyncio.to_thread(self._replace, filename, content)

    async def delete(self, filename: str) -> None:
        await asyncio.to_thread(self._delete, filename)

    def _items(self) -> list[PromptItem]:
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
            descriptor = os.open(path, os.O_RDONLY | SAFELY)
        except OSError as error:
            raise not_found(filename) from error
        try:
            content = content_of(descriptor)
        except OSError as error:
            raise unavailable(error) from error
        finally:
            os.close(descriptor)
        if content is None:
            raise not_found(filename)
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise not_found(filename) from None

    def _create(self, filename: str, content: str) -> None:
        with self._writing, storage_errors():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if filename.casefold() in {name.casefold() for name in self._names()}:
                raise exists(filename)
            path = self._folder / filename
            try:  # the name is taken before anything is written, so that nobody else can take it
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | SAFELY, 0o600))
            except FileExistsError:
                raise exists(filename) from None
            try:
                self._write(path, content)
            except OSError:
                path.unlink(missing_ok=True)
                raise

    def _replace(self, filename: str, content: str) -> None:
        with self._writing, storage_errors():
            self._write(self._existing(filename), content)

    def _delete(self, filename: str) -> None:
        with self._writing, storage_errors():
            self._existing(filename).unlink()
            sync_folder(self._folder)

    def _write(self, path: Path, content: str) -> None:
        """The whole content or what was there before, whatever happens."""
        fresh = self._folder / f".{secrets.token_hex(8)}.tmp"
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | SAFELY, 0o600)
            with open(descriptor, "wb") as file:
                file.write(content.encode())
                file.flush()
                os.fsync(descriptor)
            os.replace(fresh, path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
        sync_folder(self._folder)

    def _existing(self, filename: str) -> Path:
        path = self._path(filename)
        try:
            there = stat.S_ISREG(os.lstat(path).st_mode)
        except FileNotFoundError:
            there = False
        if not there:
            raise not_found(filename)
        return path

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


def content_of(descriptor: int) -> bytes | None:
    """What is in the file; `None` if that is no regular one, or too large for a prompt."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return None
    with open(descriptor, "rb", closefd=False) as file:
        content = file.read(LARGEST + 1)
    return content if len(content) <= LARGEST else None


def sync_folder(folder: Path) -> None:
    """A rename is on disk once its folder is; Windows cannot open folders, and need not."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def storage_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unavailable(error) from error


def unavailable(error: OSError) -> StorageUnavailable:
    return StorageUnavailable(f"The prompt files cannot be used: {error.strerror}.")


def not_found(filename: str) -> PromptNotFound:
    shown = filename[:LONGEST_NAME]
    return PromptNotFound(f"No prompt file '{shown}' that could be read.", filename=shown)


def exists(filename: str) -> PromptExists:
    return PromptExists(f"There is a prompt file '{filename}' already.", filename=filename)
