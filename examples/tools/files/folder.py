"""The one folder: a path that a model gives leads to a file in it, or to a `ValueError`.

Every step of a path is opened from the folder before it and without following links, so that nobody
can put a link in the place of what was checked. Linux and macOS can do that. What a name may not be
is refused on every system, so that the folder can be carried from one to another. The messages
never say where the folder is.
"""

import errno
import os
import re
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["MOST_BYTES", "append_text", "listed", "read_text", "root", "text_in", "write_text"]

MOST_BYTES = 1_000_000
"""Of one file."""
MOST_ENTRIES = 500

UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Without `O_NONBLOCK` opening a pipe would wait for whoever writes to it."""
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

appending = threading.Lock()
"""Tools run in threads, and between reading and replacing a file nobody else may."""


def root() -> Path:
    return Path(os.environ.get("SAMPLE_FILES") or "sample_files").absolute()


def names_in(path: str) -> list[str]:
    """The steps of a path that may be taken."""
    if path.startswith("/"):
        raise ValueError(f"'{path}' is refused: give a path within the folder")
    names = [name for name in path.split("/") if name not in ("", ".")]
    for name in names:
        check_name(name, path)
    return names


def check_name(name: str, path: str) -> None:
    if name == "..":
        raise ValueError(f"'{path}' is refused: it leads out of the folder")
    if UNSAFE.search(name) or RESERVED.fullmatch(name) or name[-1] in ". ":
        raise ValueError(f"{path!r} is refused: {name!r} cannot be the name of a file")
    if len(name.encode(errors="replace")) > 200:
        raise ValueError("the name of the file is too long")


@contextmanager
def opened(names: list[str], make: bool = False) -> Iterator[int]:
    """A descriptor of the folder at the end of these steps, which are made if they are missing."""
    if make:
        root().mkdir(parents=True, exist_ok=True)
    here = os.open(root(), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in names:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=here)
            inner = os.open(name, FOLDER, dir_fd=here)
            os.close(here)
            here = inner
        yield here
    finally:
        os.close(here)


@contextmanager
def described(path: str) -> Iterator[None]:
    """What the system says of a file, without the place where the folder is."""
    try:
        yield
    except FileNotFoundError:
        raise ValueError(f"there is no '{path}'") from None
    except IsADirectoryError:
        raise ValueError(f"'{path}' is a folder") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise ValueError(f"'{path}' is refused: it leads through a link or a file") from None
        raise ValueError(f"'{path}' cannot be used: {error.strerror}") from None


def read_text(path: str) -> str:
    with described(path):
        *folders, name = names_in(path) or [""]
        with opened(folders) as folder:
            return text_in(name or ".", folder, path)


def text_in(name: str, folder: int, path: str) -> str:
    """The text of a regular file in an opened folder, if it is not too large."""
    descriptor = os.open(name, FILE, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(f"'{path}' is not a file")
    with open(descriptor, "rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise ValueError(f"'{path}' has more than {MOST_BYTES} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"'{path}' is not a text in UTF-8") from None


def write_text(path: str, content: str) -> int:
    """Replace the file in one step: who reads meanwhile gets the old text or the new one."""
    try:
        raw = content.encode()
    except UnicodeEncodeError:
        raise ValueError("the content has characters that cannot be written") from None
    if len(raw) > MOST_BYTES:
        raise ValueError(f"a file may have at most {MOST_BYTES} bytes")
    with described(path):
        if not (names := names_in(path)):
            raise ValueError(f"'{path}' is a folder")
        *folders, name = names
        with opened(folders, make=True) as folder:
            refuse_links(name, folder)
            replace(name, folder, raw)
    return len(raw)


def refuse_links(name: str, folder: int) -> None:
    """A link would be replaced, not followed; still, whoever made it wants to keep it."""
    with suppress(FileNotFoundError):
        if stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def replace(name: str, folder: int, raw: bytes) -> None:
    new = f".{secrets.token_hex(8)}.tmp"
    descriptor = os.open(new, NEW, 0o666, dir_fd=folder)
    try:
        with open(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(descriptor)
        os.replace(new, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(new, dir_fd=folder)
        raise


def append_text(path: str, content: str) -> int:
    with appending:
        return write_text(path, text_if_any(path) + content)


def text_if_any(path: str) -> str:
    with described(path):
        *folders, name = names_in(path) or [""]
        try:
            with opened(folders) as folder:
                return text_in(name or ".", folder, path)
        except FileNotFoundError:
            return ""


def listed(path: str) -> list[str]:
    """A line for each entry but links, folders first."""
    with described(path or "the folder"), opened(names_in(path)) as folder:
        with os.scandir(folder) as scanned:
            entries = [entry for entry in scanned if not entry.is_symlink()]
        entries.sort(key=lambda entry: (entry.is_file(), entry.name))
        lines = [line_of(entry) for entry in entries[:MOST_ENTRIES]]
    if len(entries) > MOST_ENTRIES:
        lines.append(f"[and {len(entries) - MOST_ENTRIES} more]")
    return lines


def line_of(entry: os.DirEntry[str]) -> str:
    if entry.is_dir(follow_symlinks=False):
        return f"{entry.name}/"
    return f"{entry.name} ({entry.stat(follow_symlinks=False).st_size} bytes)"
