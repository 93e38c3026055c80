"""The scribe: notes are kept, found and read, and nothing else can be reached."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of notes, which is not there yet; a secret is beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setenv("SAMPLE_NOTES", str(tmp_path / "inside"))
    return tmp_path / "inside"


@pytest.fixture
def scribe(folder: Path, agent: Callable[[str], ModuleType]) -> ModuleType:
    return agent("scribe")


def test_notes_are_kept_and_found(scribe: ModuleType, folder: Path) -> None:
    assert scribe.list_notes() == "There are no notes."
    assert scribe.jot("The milk\nis  gone.") == "stored in notes.txt: The milk is gone."
    scribe.jot("milk, 2 litres", "shopping.txt")
    scribe.jot("Call Änne", "notes.txt")
    assert scribe.list_notes() == "notes.txt (2)\nshopping.txt (1)"
    assert scribe.read_notes() == "The milk is gone.\nCall Änne"
    assert scribe.read_notes(first_line=2) == "Call Änne"
    assert scribe.search_notes("MILK") == (
        "notes.txt:1: The milk is gone.\nshopping.txt:1: milk, 2 litres"
    )
    assert scribe.search_notes("milk gone") == "notes.txt:1: The milk is gone."
    assert scribe.search_notes("bread") == "No note has 'bread'."
    assert sorted(each.name for each in folder.iterdir()) == ["notes.txt", "shopping.txt"]


def test_a_note_begins_on_a_line_of_its_own(scribe: ModuleType, folder: Path) -> None:
    folder.mkdir()
    (folder / "notes.txt").write_text("by hand")
    scribe.jot("by tool")
    assert (folder / "notes.txt").read_text() == "by hand\nby tool\n"


@pytest.mark.parametrize(
    "file",
    [
        *["../secret.txt", "/etc/passwd", "a/b.txt", "..", ".hidden.txt", "", "notes", "a.py"],
        *["a\0.txt", "a\n.txt", "A.txt", "con.txt", "a..txt/../b.txt", "x" * 99 + ".txt"],
    ],
    ids=ascii,
)
def test_names_that_are_refused(scribe: ModuleType, folder: Path, file: str) -> None:
    for use in (lambda: scribe.read_notes(file), lambda: scribe.jot("x", file)):
        with pytest.raises(ValueError, match="is refused"):
            use()
    assert not folder.exists() or list(folder.iterdir()) == []


def test_links_and_pipes_are_not_opened(scribe: ModuleType, folder: Path) -> None:
    folder.mkdir()
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    os.mkfifo(folder / "pipe.txt")
    (folder / "folder.txt").mkdir()
    for file in ("link.txt", "pipe.txt", "folder.txt"):
        with pytest.raises(ValueError, match=r"cannot be used|is not a file"):
            scribe.read_notes(file)
        with pytest.raises(ValueError, match=r"cannot be used|is not a file"):
            scribe.jot("x", file)
    assert scribe.list_notes() == "There are no notes."
    assert (folder.parent / "secret.txt").read_text() == "secret"


def test_limits(scribe: ModuleType, folder: Path, agent: Callable[[str], ModuleType]) -> None:
    with pytest.raises(ValueError, match="at most 2000 characters"):
        scribe.jot("x" * 2001)
    with pytest.raises(ValueError, match="is empty"):
        scribe.jot(" \n")
    folder.mkdir()
    (folder / "full.txt").write_text("x" * 200_000)
    with pytest.raises(ValueError, match="is full"):
        scribe.jot("x", "full.txt")
    (folder / "long.txt").write_text("a\n" * 500)
    assert scribe.read_notes("long.txt").endswith("\na\n[read on at line 201]")
    assert scribe.search_notes("a").endswith("[and 470 more]")
    for number in range(200):
        (folder / f"n{number}.txt").touch()
    with pytest.raises(ValueError, match="200 files already"):
        scribe.jot("x", "one-more.txt")


def test_many_at_once(scribe: ModuleType) -> None:
    threads = [threading.Thread(target=scribe.jot, args=(f"note {n}",)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(scribe.read_notes().splitlines()) == sorted(f"note {n}" for n in range(20))
