"""One file, and the steps by which it is replaced."""

import errno
import os
from pathlib import Path

import pytest

from extensions.sessions.files import (
    Disk,
    NotRegular,
    WrittenMeanwhile,
    read,
    remove,
    replace,
    revision_of,
)
from extensions.sessions.tests.disks import StutteringDisk


class RecordedDisk(Disk):
    """Says what was asked of it, and of which file."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def say(self, step: str, file: int | Path) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{file}")) if isinstance(file, int) else file
        self.steps.append(f"{step} {'temporary' if path.suffix == '.tmp' else path.name}")

    def mkdir(self, path: Path) -> None:
        self.say("mkdir", path)
        super().mkdir(path)

    def write(self, file: int, data: memoryview) -> int:
        self.say("write", file)
        return super().write(file, data)

    def fsync(self, file: int) -> None:
        self.say("fsync", file)
        super().fsync(file)

    def rename(self, source: Path, target: Path) -> None:
        self.say("rename", source)
        super().rename(source, target)

    def unlink(self, path: Path) -> None:
        self.say("unlink", path)
        super().unlink(path)


def test_a_loss_of_power_at_any_step_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.json"
    making, replacing, removing = RecordedDisk(), RecordedDisk(), RecordedDisk()
    status = replace(path, b"old", expected="", disk=making)
    replace(path, b"new", expected=revision_of(status), disk=replacing)
    remove(path, removing)
    steps = ["write temporary", "fsync temporary", "rename temporary", "fsync folder"]
    assert making.steps == ["mkdir folder", f"fsync {tmp_path.name}", *steps]
    assert replacing.steps == steps
    assert removing.steps == ["unlink a.json", "fsync folder"]


def test_folders_are_the_owners_alone_and_on_disk_at_every_level(tmp_path: Path) -> None:
    disk = RecordedDisk()
    replace(tmp_path / "a" / "b" / "c" / "x.json", b"new", expected="", disk=disk)
    levels = [tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "c"]
    assert [level.stat().st_mode & 0o777 for level in levels] == [0o700] * 3
    made = ["mkdir a", f"fsync {tmp_path.name}", "mkdir b", "fsync a", "mkdir c", "fsync b"]
    assert disk.steps[:6] == made


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    written = replace(path, b"more than seven bytes", expected="", disk=StutteringDisk())
    data, status = read(path, 100)
    assert (data, revision_of(status)) == (b"more than seven bytes", revision_of(written))


def test_only_the_expected_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    first = revision_of(replace(path, b"first", expected="", disk=Disk()))
    replace(path, b"second", expected=first, disk=Disk())
    for expected in ("", first, "1.2.3"):
        with pytest.raises(WrittenMeanwhile):
            replace(path, b"third", expected=expected, disk=Disk())
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"second", ["a.json"])


def test_a_file_system_that_cannot_sync_folders_is_used_all_the_same(tmp_path: Path) -> None:
    class Network(Disk):
        def fsync(self, file: int) -> None:
            if os.path.isdir(f"/proc/self/fd/{file}"):
                raise OSError(errno.EINVAL, "Invalid argument")

    replace(tmp_path / "a.json", b"new", expected="", disk=Network())
    assert (tmp_path / "a.json").read_bytes() == b"new"


@pytest.mark.parametrize("name", ["link", "loop", "folder", "pipe"])
def test_only_regular_files_are_read_and_nothing_stays_open(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"secret")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(NotRegular):
        read(tmp_path / name, 100)
    assert len(os.listdir("/proc/self/fd")) == before
