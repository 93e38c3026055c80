"""Where lines of the log are put."""

import errno
import os
import shutil
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.logs.places import DailyFile, StandardError, say_on_standard_error


class Calendar:
    """A day that passes when it is told to."""

    def __init__(self) -> None:
        self.day = date.today()

    def today(self) -> date:
        return self.day

    def fromtimestamp(self, _: float) -> date:
        return self.day

    def pass_days(self, days: int = 1) -> None:
        self.day += timedelta(days)


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    calendar = Calendar()
    monkeypatch.setattr("gateway.logs.places.date", calendar)
    return calendar


def text(path: Path) -> str:
    return path.read_text("utf-8")


def test_a_file_is_its_owners_and_of_old_ones_only_some_are_kept(
    tmp_path: Path, calendar: Calendar
) -> None:
    path = tmp_path / "logs" / "mochi.log"
    other = tmp_path / "logs" / "mochi.log.old"
    file = DailyFile(path, days=2)
    other.write_text("not ours", "utf-8")
    days = []
    for number in range(5):
        file.write(b"%d\n" % number)
        days.append(calendar.day)
        calendar.pass_days(1 + number % 2)
    file.write(b"now\n")
    file.close()
    assert text(path) == "now\n"
    assert text(other) == "not ours"
    old = sorted(each for each in path.parent.iterdir() if each not in (path, other))
    assert [each.name for each in old] == [f"mochi.log.{day}" for day in days[-2:]]
    assert [text(each) for each in old] == ["3\n", "4\n"]
    assert {each.stat().st_mode & 0o777 for each in (path, *old)} == {0o600}


def test_a_file_of_an_earlier_day_is_put_away_before_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "mochi.log"
    path.write_text("then\n", "utf-8")
    then = date.today() - timedelta(3)
    noon = 86400 * (then - date(1970, 1, 1)).days + 43200
    os.utime(path, (noon, noon))
    file = DailyFile(path, days=2)
    file.write(b"now\n")
    file.close()
    assert text(path) == "now\n"
    assert text(tmp_path / f"mochi.log.{then}") == "then\n"


def test_a_day_that_cannot_be_put_away_goes_on_and_loses_nothing(
    tmp_path: Path, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mochi.log"
    file = DailyFile(path, days=2)
    file.write(b"one\n")
    taken = tmp_path / f"mochi.log.{calendar.day}"
    taken.write_text("taken", "utf-8")
    calendar.pass_days()
    file.write(b"two\n")
    calendar.pass_days()

    def fail(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Path, "rename", fail)
    file.write(b"three\n")
    file.close()
    assert text(path) == "one\ntwo\nthree\n"
    assert text(taken) == "taken"


def test_a_file_that_was_moved_or_removed_with_its_folder_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "mochi.log"
    file = DailyFile(path, days=2)
    file.write(b"one\n")
    moved = path.rename(tmp_path / "moved")
    file.write(b"two\n")
    assert text(moved) == "one\n"
    assert text(path) == "two\n"
    shutil.rmtree(path.parent)
    file.write(b"three\n")
    file.close()
    assert text(path) == "three\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device is Linux's")
def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "mochi.log"
    path.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        DailyFile(path, days=2).write(b"one\n")


def test_lines_on_standard_error(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    StandardError().write(b"one\n")
    say_on_standard_error(b"two")
    assert capfd.readouterr().err == "one\ntwo\n"
    with (tmp_path / "elsewhere").open("w") as other:
        monkeypatch.setattr(sys, "stderr", other)
        StandardError().write(b"three\n")
    say_on_standard_error(b"nowhere")
    assert text(tmp_path / "elsewhere") == "three\n"
