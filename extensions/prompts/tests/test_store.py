"""Prompt files on a real disk, and on one that fails."""

import asyncio
import errno
import os
import stat
import time
from pathlib import Path

import pytest

from extensions.prompts.store import PromptFiles, PromptItem
from extensions.sessions.files import LITTER_AGE, Disk
from extensions.sessions.tests.disks import InterruptedDisk
from gateway.core.errors import (
    InvalidRequest,
    MochiError,
    PromptExists,
    PromptNotFound,
    StorageUnavailable,
)


async def test_a_file_lives_and_dies(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "prompts"
    prompts = PromptFiles(folder)
    assert await prompts.items() == []
    await prompts.create("a.md", "Grüße,\r\n ihr\n")
    assert (folder / "a.md").read_bytes() == "Grüße,\r\n ihr\n".encode()
    await prompts.replace("a.md", "Other")
    assert await prompts.read("a.md") == "Other"
    await prompts.delete("a.md")
    assert os.listdir(folder) == []
    with pytest.raises(PromptNotFound):
        await prompts.read("a.md")


async def test_nobody_else_may_look(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    await PromptFiles(folder).create("a.md", "Text")
    await PromptFiles(folder).replace("a.md", "Other")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "a.md")]
    assert modes == [0o700, 0o600]


@pytest.mark.parametrize(
    ("content", "preview"),
    [
        ("x" * 250, "x" * 250),
        ("x" * 251, "x" * 247 + "..."),
        ("x" * 240 + " " * 8 + "y" * 9, "x" * 240 + "..."),
    ],
)
async def test_the_preview(content: str, preview: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(content)
    (item,) = await PromptFiles(tmp_path).items()
    assert item.preview == preview


async def test_the_list_is_by_name_and_leaves_out_what_cannot_be_read(tmp_path: Path) -> None:
    folder, outside = tmp_path / "prompts", tmp_path / "secret.md"
    folder.mkdir()
    outside.write_text("secret")
    (folder / "b.md").write_text("two words\n")
    (folder / "a.md").write_text("")
    (folder / "latin.md").write_bytes(b"Gr\xfc\xdfe")
    (folder / "huge.md").write_bytes(b"x" * (1024 * 1024 + 1))
    (folder / "folder.md").mkdir()
    (folder / "notes.txt").write_text("no prompt")
    (folder / "link.md").symlink_to(outside)
    (folder / "inner.md").symlink_to(folder / "b.md")
    os.mkfifo(folder / "pipe.md")
    prompts = PromptFiles(folder)
    assert await prompts.items() == [
        PromptItem(filename="a.md", preview="", word_count=0),
        PromptItem(filename="b.md", preview="two words\n", word_count=2),
    ]
    for name in ("latin.md", "huge.md", "folder.md", "notes.txt", "link.md", "pipe.md"):
        with pytest.raises(PromptNotFound):
            await prompts.read(name)


async def test_links_are_neither_replaced_nor_deleted(tmp_path: Path) -> None:
    folder, outside = tmp_path / "prompts", tmp_path / "secret.md"
    folder.mkdir()
    outside.write_text("secret")
    (folder / "link.md").symlink_to(outside)
    prompts = PromptFiles(folder)
    with pytest.raises(PromptNotFound):
        await prompts.replace("link.md", "x")
    with pytest.raises(PromptNotFound):
        await prompts.delete("link.md")
    with pytest.raises(PromptExists):
        await prompts.create("link.md", "x")
    assert (folder / "link.md").is_symlink()
    assert outside.read_text() == "secret"


async def test_names_that_differ_in_case_are_one_on_other_systems(tmp_path: Path) -> None:
    prompts = PromptFiles(tmp_path)
    await prompts.create("Ärger.md", "first")
    with pytest.raises(PromptExists):
        await prompts.create("äRGER.md", "second")
    assert await prompts.read("Ärger.md") == "first"


async def test_of_many_who_create_a_file_one_does(tmp_path: Path) -> None:
    stores = [PromptFiles(tmp_path) for _ in range(8)]
    made = await asyncio.gather(
        *(store.create("a.md", str(number)) for number, store in enumerate(stores)),
        return_exceptions=True,
    )
    (winner,) = [number for number, error in enumerate(made) if error is None]
    assert sum(isinstance(error, PromptExists) for error in made) == 7
    assert await stores[0].read("a.md") == str(winner)
    assert os.listdir(tmp_path) == ["a.md"]


@pytest.mark.parametrize("content", ["", " \n\t", "x" * 10_000])
async def test_what_no_prompt_says(content: str, tmp_path: Path) -> None:
    prompts = PromptFiles(tmp_path)
    await prompts.create("a.md", "x" * 9_999)
    for wrong in (prompts.create("b.md", content), prompts.replace("a.md", content)):
        with pytest.raises(InvalidRequest) as caught:
            await wrong
        assert caught.value.param == "content"
    assert os.listdir(tmp_path) == ["a.md"]


class FullDisk(Disk):
    """Has room for nothing, once it is full."""

    full = False

    def write(self, file: int, data: memoryview) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(file, data)


async def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    disk = FullDisk()
    prompts = PromptFiles(tmp_path, disk)
    await prompts.create("a.md", "old")
    disk.full = True
    for failing in (prompts.replace("a.md", "new"), prompts.create("b.md", "new")):
        with pytest.raises(StorageUnavailable, match="No space left"):
            await failing
    assert os.listdir(tmp_path) == ["a.md"]
    assert await prompts.read("a.md") == "old"


@pytest.mark.parametrize("name", ["../a.md", "a/b.md", "CON.md", ".a.md", "a.md\0"])
async def test_names_that_no_file_has(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    folder.mkdir()
    (tmp_path / "a.md").write_text("secret")
    prompts = PromptFiles(folder)
    assert not prompts.may_exist(name)
    expected: list[tuple[object, type[MochiError]]] = [
        (prompts.read(name), PromptNotFound),
        (prompts.replace(name, "x"), PromptNotFound),
        (prompts.delete(name), PromptNotFound),
        (prompts.create(name, "x"), InvalidRequest),
    ]
    for asked, error in expected:
        with pytest.raises(error):
            await asked  # type: ignore[misc]
    assert (tmp_path / "a.md").read_text() == "secret"


async def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "prompts").write_text("a file")
    prompts = PromptFiles(tmp_path / "prompts")
    for asked in (prompts.items(), prompts.create("a.md", "x")):
        with pytest.raises(StorageUnavailable):
            await asked


async def test_a_new_file_is_not_there_before_it_is_whole(tmp_path: Path) -> None:
    seen: list[list[str]] = []
    disk = InterruptedDisk(lambda: seen.append(os.listdir(tmp_path)))
    await PromptFiles(tmp_path, disk).create("a.md", "Text")
    (while_writing,) = seen
    assert "a.md" not in while_writing
    assert os.listdir(tmp_path) == ["a.md"]


async def test_a_file_that_another_program_makes_at_that_moment_stays(tmp_path: Path) -> None:
    disk = InterruptedDisk(lambda: (tmp_path / "a.md").write_text("Theirs"))
    with pytest.raises(PromptExists):
        await PromptFiles(tmp_path, disk).create("a.md", "Ours")
    assert (tmp_path / "a.md").read_text() == "Theirs"
    assert os.listdir(tmp_path) == ["a.md"]


class MemoryStick(Disk):
    """Knows no hard links."""

    def link(self, source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")


async def test_a_file_system_without_links_holds_prompts_too(tmp_path: Path) -> None:
    prompts = PromptFiles(tmp_path, MemoryStick())
    await prompts.create("a.md", "Text")
    with pytest.raises(PromptExists):
        await prompts.create("a.md", "Other")
    assert await prompts.read("a.md") == "Text"
    assert os.listdir(tmp_path) == ["a.md"]


async def test_a_program_that_never_stops_writing_is_not_waited_for(tmp_path: Path) -> None:
    path, count = tmp_path / "a.md", iter(range(1000))
    path.write_text("Old")
    disk = InterruptedDisk(lambda: path.write_text("x" * next(count)))
    with pytest.raises(StorageUnavailable, match="keeps writing"):
        await PromptFiles(tmp_path, disk).replace("a.md", "Ours")
    assert os.listdir(tmp_path) == ["a.md"]


async def test_what_a_killed_write_left_is_swept(tmp_path: Path) -> None:
    old, young = (
        tmp_path / ".Grüße an alle.0123456789abcdef.tmp",
        tmp_path / ".a.0123456789abcdef.tmp",
    )
    then = time.time() - LITTER_AGE - 10
    for sweep in ("create", "items"):
        for path in (old, young):
            path.write_text("half")
        os.utime(old, (then, then))
        prompts = PromptFiles(tmp_path)
        await (prompts.create("b.md", "Text") if sweep == "create" else prompts.items())
        assert sorted(os.listdir(tmp_path)) == [young.name, "b.md"]
