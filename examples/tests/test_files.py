"""The tools for files: what they can do in their folder, and that they never leave it."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the tools; a secret is beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.setenv("SAMPLE_FILES", str(inside))
    return inside


@pytest.fixture
def files(folder: Path, package: Callable[[str], ModuleType]) -> ModuleType:
    return package("files")


OUTSIDE = [
    *["../../etc/passwd", "../secret.txt", "a/../../secret.txt", "..", "notes/.."],
    *["/etc/passwd", "//etc/passwd", "..\\secret.txt", "C:\\secret.txt", "C:secret.txt"],
]
UNUSABLE = [
    *["a\0b", "a\nb", "CON", "con.txt", "notes/nul", "a.txt:stream", "a.", "a ", "a*", "x" * 300],
]


@pytest.mark.parametrize("path", [*OUTSIDE, *UNUSABLE], ids=ascii)
def test_paths_that_are_refused(files: ModuleType, folder: Path, path: str) -> None:
    """By every tool, before anything is made."""
    for use in (
        lambda: files.read_file(path),
        lambda: files.list_files(path),
        lambda: files.write_file(path, "x"),
        lambda: files.append_file(path, "x"),
    ):
        with pytest.raises(ValueError, match=r"refused|too long"):
            use()
    assert list(folder.iterdir()) == []
    assert (folder.parent / "secret.txt").read_text() == "secret"


def test_links_are_not_followed(files: ModuleType, folder: Path) -> None:
    """Neither out of the folder nor within it, as a file or on the way to one."""
    (folder / "own.txt").write_text("own secret")
    (folder / "a.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "b.txt").symlink_to(folder / "own.txt")
    (folder / "up").symlink_to(folder.parent)
    for path in ("a.txt", "b.txt", "up/secret.txt", "up/new.txt"):
        with pytest.raises(ValueError, match="it leads through a link"):
            files.read_file(path)
        with pytest.raises(ValueError, match="it leads through a link"):
            files.write_file(path, "x")
    assert files.list_files() == "own.txt (10 bytes)"
    assert files.search_files("secret") == "own.txt:1: own secret"
    assert (folder.parent / "secret.txt").read_text() == "secret"
    assert not (folder.parent / "new.txt").exists()


def test_a_link_in_the_place_of_what_was_checked(files: ModuleType, folder: Path) -> None:
    """Whoever swaps a folder for a link while its path is walked does not get out either."""
    (folder.parent / "outside").mkdir()
    (folder.parent / "outside" / "a.txt").write_text("secret")
    ours, link, shown = folder / "ours", folder / "link", folder / "shown"
    ours.mkdir()
    (ours / "a.txt").write_text("ours")
    link.symlink_to(folder.parent / "outside")
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            for one in (ours, link):
                one.rename(shown)
                shown.rename(one)

    swapping = threading.Thread(target=swap)
    swapping.start()
    read = set()
    try:
        for _ in range(2000):
            with suppress(ValueError):
                read.add(files.read_file("shown/a.txt"))
            with suppress(ValueError):
                read.add(files.list_files("shown"))
    finally:
        over.set()
        swapping.join()
    assert read <= {"ours", "a.txt (4 bytes)"}


def test_a_pipe_is_no_file(files: ModuleType, folder: Path) -> None:
    """Reading it would wait for ever."""
    os.mkfifo(folder / "pipe")
    with pytest.raises(ValueError, match="'pipe' is not a file"):
        files.read_file("pipe")
    assert files.search_files("anything").startswith("Nothing was found")


def test_write_read_append_list(files: ModuleType, folder: Path) -> None:
    assert files.list_files() == "The folder is empty."
    assert files.write_file("notes/mon day.txt", "día\n") == "'notes/mon day.txt' has 5 bytes now."
    assert (
        files.append_file("./notes/mon day.txt", "🌱") == "'./notes/mon day.txt' has 9 bytes now."
    )
    assert files.append_file("new.txt", "x") == "'new.txt' has 1 bytes now."
    assert files.read_file("notes/mon day.txt") == "día\n🌱"
    assert files.list_files() == "notes/\nnew.txt (1 bytes)"
    assert files.list_files("notes") == "mon day.txt (9 bytes)"
    assert files.write_file("new.txt", "") == "'new.txt' has 0 bytes now."
    assert files.read_file("new.txt") == ""


def test_the_folder_is_made_when_something_is_written(files: ModuleType, folder: Path) -> None:
    folder.rmdir()
    with pytest.raises(ValueError, match="there is no 'the folder'"):
        files.list_files()
    assert files.search_files("anything").startswith("Nothing was found")
    files.write_file("a.txt", "x")
    assert (folder / "a.txt").read_text() == "x"


def test_lines(files: ModuleType) -> None:
    files.write_file("a.txt", "\n".join(map(str, range(1, 1001))))
    assert files.read_file("a.txt", 3, 5) == "3\n4\n5"
    assert files.read_file("a.txt", 999) == "999\n1000"
    whole = files.read_file("a.txt")
    assert whole.startswith("1\n2\n")
    assert whole.endswith("\n400\n[lines 1 to 400 of 1000; read on at 401]")
    for first, last, reason in [(0, 0, "begins at 1"), (5, 4, "before"), (1001, 0, "1000 lines")]:
        with pytest.raises(ValueError, match=reason):
            files.read_file("a.txt", first, last)


def test_limits(files: ModuleType, folder: Path) -> None:
    with pytest.raises(ValueError, match="at most 1000000 bytes"):
        files.write_file("a.txt", "é" * 500_001)
    (folder / "large.txt").write_bytes(b"x" * 1_000_001)
    with pytest.raises(ValueError, match="more than 1000000 bytes"):
        files.read_file("large.txt")
    with pytest.raises(ValueError, match="more than 1000000 bytes"):
        files.append_file("large.txt", "x")
    (folder / "line.txt").write_bytes(b"x" * 1_000_000)
    assert files.read_file("line.txt").endswith("\n[cut after 20000 characters]")
    with pytest.raises(ValueError, match="at most"):
        files.append_file("line.txt", "x")
    for number in range(510):
        (folder / f"{number:03}").touch()
    assert files.list_files().endswith("499 (0 bytes)\n[and 12 more]")


def test_what_is_no_text(files: ModuleType, folder: Path) -> None:
    (folder / "picture").write_bytes(b"\x89PNG")
    with pytest.raises(ValueError, match="'picture' is not a text in UTF-8"):
        files.read_file("picture")
    with pytest.raises(ValueError, match="cannot be written"):
        files.write_file("a.txt", "\ud800")
    (folder / "marked.txt").write_bytes(b"\xef\xbb\xbfx")
    assert files.read_file("marked.txt") == "x"


def test_folders_and_missing_files(files: ModuleType, folder: Path) -> None:
    """The messages do not say where the folder is."""
    (folder / "notes").mkdir()
    for use, reason in (
        (lambda: files.read_file("notes"), "'notes' is not a file"),
        (lambda: files.write_file("notes", "x"), "'notes' is a folder"),
        (lambda: files.write_file("", "x"), "'' is a folder"),
        (lambda: files.read_file("none.txt"), "there is no 'none.txt'"),
        (lambda: files.list_files("none"), "there is no 'none'"),
    ):
        with pytest.raises(ValueError, match=reason) as refused:
            use()
        assert str(folder) not in str(refused.value)


def test_a_write_that_fails_leaves_the_old_file(
    files: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write_file("a.txt", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ValueError, match=r"'a\.txt' cannot be used: No space left"):
        files.write_file("a.txt", "new")
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("a.txt", "old")]


def test_appending_at_the_same_time_loses_nothing(files: ModuleType) -> None:
    threads = [
        threading.Thread(target=files.append_file, args=("a.txt", f"{number}\n"))
        for number in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, files.read_file("a.txt").split())) == list(range(30))


def test_search(files: ModuleType, folder: Path) -> None:
    """Lines with more of the words come first, then those with rarer ones."""
    files.write_file("notes/a.txt", "tea and rice\nrice\nTEA, with mochi!\nnothing")
    files.write_file("b.txt", "more rice\n" + "x" * 300 + " mochi")
    (folder / "picture").write_bytes(b"\x89 mochi")
    assert files.search_files("mochi tea rice").split("\n") == [
        "notes/a.txt:3: TEA, with mochi!",
        "notes/a.txt:1: tea and rice",
        "b.txt:2: " + "x" * 200 + "…",
        "b.txt:1: more rice",
        "notes/a.txt:2: rice",
    ]
    assert files.search_files("rice", most=1).count("\n") == 0
    assert files.search_files("gone") == "Nothing was found for 'gone'."
    with pytest.raises(ValueError, match="no words"):
        files.search_files("?!")
