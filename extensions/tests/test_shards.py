"""Folders of files by id."""

import errno
import os
from pathlib import Path

import pytest

from extensions.sessions.files import LITTER_AGE
from extensions.sessions.tests.disks import FailingDisk
from extensions.shards import Absent, Present, Shards, Unreadable
from gateway.core.errors import StorageUnavailable


def content(id: str, data: bytes) -> bytes:
    if data == b"bad":
        raise Unreadable("it is bad")
    return data


def tree(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_a_file_is_in_the_folder_of_the_end_of_its_id(tmp_path: Path) -> None:
    shards = Shards(tmp_path / "deep" / "down", "r_")
    shards.create("r_000000a1", b"one")
    shards.put("r_000000a1", b"two")
    shards.put("r_000000b2", b"three")
    assert tree(tmp_path) == ["deep/down/a1/r_000000a1.json", "deep/down/b2/r_000000b2.json"]
    assert shards.load("r_000000a1", content) == b"two"
    assert shards.names() == ["a1", "b2"]
    assert [found.id for found in shards.found("a1")] == ["r_000000a1"]
    shards.remove("r_000000a1")
    assert tree(tmp_path) == ["deep/down/b2/r_000000b2.json"]
    with pytest.raises(Present):
        shards.create("r_000000b2", b"four")


@pytest.mark.parametrize(
    "id",
    [
        "",
        "r_",
        "r_0000000",
        "x_00000000",
        "r_000000A1",
        "r_000000a1\n",
        "r_000000é1",
        "r_000000\u0661\u0661",
        "r_../../../../etc/passwd",
        "r_00000000/../../x0000000",
        "r_000000..",
        "../r_00000000",
        "r_000000\0\0",
        "r_" + "0" * 65,
        "r_" + "0" * 1_000_000,
    ],
    ids=lambda id: f"{id[:40]!r} {len(id)}",
)
def test_what_is_no_id_is_the_id_of_nothing(tmp_path: Path, id: str) -> None:
    shards = Shards(tmp_path / "folder", "r_")
    calls = (
        lambda: shards.load(id, content),
        lambda: shards.create(id, b""),
        lambda: shards.put(id, b""),
        lambda: shards.remove(id),
    )
    for call in calls:
        with pytest.raises(Absent):
            call()
    assert tree(tmp_path) == []


def test_what_cannot_be_read_is_absent_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "00").mkdir()
    outside = tmp_path / "secret"
    outside.write_text("secret")
    (tmp_path / "00" / "r_11111100.json").symlink_to(outside)
    (tmp_path / "00" / "r_22222200.json").mkdir()
    (tmp_path / "00" / "r_33333300.json").write_bytes(b"bad")
    (tmp_path / "00" / "r_44444400.json").write_bytes(b"x" * 101)
    shards = Shards(tmp_path, "r_", largest=100)
    for id in ("r_11111100", "r_22222200", "r_33333300", "r_44444400", "r_55555500"):
        with pytest.raises(Absent):
            shards.load(id, content)
    assert {found.id for found in shards.found("00")} == {"r_33333300", "r_44444400"}
    assert len(os.listdir(tmp_path / "00")) == 4


def test_what_is_too_large_to_be_read_again_is_not_kept(tmp_path: Path) -> None:
    shards = Shards(tmp_path, "r_", largest=100)
    for keep in (shards.create, shards.put):
        with pytest.raises(StorageUnavailable) as caught:
            keep("r_00000000", b"x" * 101)
        assert caught.value.details == {"reason": "EFBIG"}
    assert tree(tmp_path) == []


def test_only_what_belongs_there_is_found_and_litter_goes(tmp_path: Path) -> None:
    shards = Shards(tmp_path, "r_")
    shards.create("r_00000011", b"")
    for name in ("other", "22", "0"):
        (tmp_path / name).mkdir(exist_ok=True)
    for name in ("r_00000022.json", "r_00000011.txt", "x_00000011.json", ".r_00000011.json"):
        (tmp_path / "11" / name).touch()
    old = tmp_path / "11" / ".r_00000011.0123456789abcdef.tmp"
    old.touch()
    os.utime(old, (old.stat().st_mtime - 2 * LITTER_AGE,) * 2)
    assert shards.names() == ["11", "22"]
    assert [found.id for found in shards.found("11")] == ["r_00000011"]
    assert shards.found("33") == []
    assert not old.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_failure_at_any_step_leaves_the_old_or_the_new_file(tmp_path: Path, number: int) -> None:
    path = tmp_path / "00" / "r_00000000.json"
    Shards(tmp_path, "r_").create("r_00000000", b"0")
    told: list[int | None] = []
    for step in range(1, 30):
        before = path.read_bytes()
        disk = FailingDisk(step, number)
        new = f"{step}".encode()
        try:
            Shards(tmp_path, "r_", disk=disk).put("r_00000000", new)
        except OSError as error:
            told.append(error.errno)
        assert path.read_bytes() in (before, new)
        assert tree(tmp_path) == ["00/r_00000000.json"]
        if not disk.failed:
            break
    assert path.read_bytes() == new
    assert told == [number] * (step - 1)
    assert step > 4
