"""Notes: lines in the text files of one folder, to which lines can only be added.

The folder is what `SAMPLE_NOTES` names, else `sample_notes` where the gateway was started. A name
never is a path, and no link is followed, so nothing outside of the folder can be reached.
"""

import os
import re
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_FILES = 200
MOST_BYTES = 200_000
"""Of one file."""
MOST_CHARACTERS = 2_000
"""Of one note."""
SHOWN_LINES = 200
SHOWN_MATCHES = 30

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}\.txt")
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])\.txt")
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
ADD = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Without `O_NONBLOCK` opening a pipe would wait for whoever is at its other end."""

adding = threading.Lock()
"""Calls run in threads, and between measuring a file and adding to it nobody else may."""


def jot(text: str, file: str = "notes.txt") -> str:
    """Write a note down, to remember it: add it as a line at the end of a file of notes.

    Args:
        text: The note. It is kept on one line.
        file: The file, for example "shopping.txt". It is made if there is none.
    """
    line = " ".join(text.split())
    if not line:
        raise ValueError("the note is empty")
    if len(line) > MOST_CHARACTERS:
        raise ValueError(f"a note may have at most {MOST_CHARACTERS} characters")
    raw = f"{line}\n".encode(errors="replace")
    with adding, folder(make=True) as opened:
        there = names_in(opened)
        if len(there) >= MOST_FILES and checked(file) not in there:
            raise ValueError(f"there are {MOST_FILES} files already: use one of them")
        with notes(file, opened, ADD) as descriptor:
            size = os.fstat(descriptor).st_size
            if size + len(raw) > MOST_BYTES:
                raise ValueError(f"'{file}' is full: use another file")
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                raw = b"\n" + raw  # somebody has edited the file
            os.write(descriptor, raw)
    return f"stored in {file}: {line}"


def read_notes(file: str = "notes.txt", first_line: int = 1) -> str:
    """Read a file of notes out.

    Args:
        file: The file, for example "shopping.txt".
        first_line: The line to begin with; 1 is the first.
    """
    if first_line < 1:
        raise ValueError("first_line begins at 1")
    lines = lines_of(file)[first_line - 1 :]
    if len(lines) > SHOWN_LINES:
        lines[SHOWN_LINES:] = [f"[read on at line {first_line + SHOWN_LINES}]"]
    return "\n".join(lines) or "There is nothing."


def list_notes() -> str:
    """List the files of notes, with the number of lines in each."""
    with folder() as opened:
        names = names_in(opened)
    return "\n".join(f"{name} ({len(lines_of(name))})" for name in names) or "There are no notes."


def search_notes(words: str) -> str:
    """Search all notes for words, to find again what was written down.

    Args:
        words: One or more words; a line is found if it has all of them.
    """
    wanted = words.casefold().split()
    if not wanted:
        raise ValueError("there is no word to search for")
    with folder() as opened:
        names = names_in(opened)
    found = [
        f"{name}:{number}: {line}"
        for name in names
        for number, line in enumerate(lines_of(name), 1)
        if all(word in line.casefold() for word in wanted)
    ]
    if len(found) > SHOWN_MATCHES:
        found[SHOWN_MATCHES:] = [f"[and {len(found) - SHOWN_MATCHES} more]"]
    return "\n".join(found) or f"No note has '{words}'."


def checked(file: str) -> str:
    """The name of a file that may be used."""
    if not NAME.fullmatch(file) or RESERVED.fullmatch(file):
        raise ValueError(f"{file!r} is refused: a name is like 'shopping.txt', in lower case")
    return file


@contextmanager
def folder(make: bool = False) -> Iterator[int]:
    """A descriptor of the folder of notes; -1 if there is none."""
    root = Path(os.environ.get("SAMPLE_NOTES") or "sample_notes").absolute()
    if make:
        root.mkdir(parents=True, exist_ok=True)
    elif not root.is_dir():
        yield -1
        return
    opened = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield opened
    finally:
        os.close(opened)


@contextmanager
def notes(file: str, opened: int, how: int) -> Iterator[int]:
    """A descriptor of a file of notes. Errors do not say where the folder is."""
    try:
        descriptor = os.open(checked(file), how, 0o666, dir_fd=opened)
    except FileNotFoundError:
        raise ValueError(f"there is no '{file}'") from None
    except OSError as error:
        raise ValueError(f"'{file}' cannot be used: {error.strerror}") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError(f"'{file}' is not a file")
        yield descriptor
    finally:
        os.close(descriptor)


def names_in(opened: int) -> list[str]:
    """The files of notes; what else lies there is none of ours."""
    if opened < 0:
        return []
    with os.scandir(opened) as entries:
        return sorted(
            each.name
            for each in entries
            if NAME.fullmatch(each.name) and each.is_file(follow_symlinks=False)
        )[:MOST_FILES]


def lines_of(file: str) -> list[str]:
    with folder() as opened:
        if opened < 0:
            raise ValueError(f"there is no '{checked(file)}'")
        with notes(file, opened, READ) as descriptor:
            raw = os.pread(descriptor, MOST_BYTES + 1, 0)
    if len(raw) > MOST_BYTES:
        raise ValueError(f"'{file}' has more than {MOST_BYTES} bytes")
    return raw.decode("utf-8", "replace").splitlines()
