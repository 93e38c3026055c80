"""Lines that are written behind the back of the event loop."""

import json
import logging
import shutil
import threading
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from gateway.log_writing import DailyFile, WrittenBehind
from gateway.logs import JSONLines, configure, request_log


@pytest.fixture(autouse=True)
def restored_loggers() -> Iterator[None]:
    """Loggers are global: give pytest its own back."""
    names = ("mochi", "mochi.access", "litestar", "uvicorn")
    loggers = [logging.getLogger(name) for name in names]
    before = [(each, each.handlers, each.propagate, each.level) for each in loggers]
    yield
    for handler in logging.getLogger("mochi").handlers:
        if isinstance(handler, WrittenBehind):
            handler.close()
    for each, handlers, propagate, level in before:
        each.handlers, each.propagate = handlers, propagate
        each.setLevel(level)


def behind(out: StringIO) -> WrittenBehind:
    handler = WrittenBehind(logging.StreamHandler(out))
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("mochi", logging.INFO, "x.py", 1, text, None, None)


def test_no_line_is_lost_and_each_thread_keeps_its_order() -> None:
    out = StringIO()
    handler = behind(out)

    def speak(name: str) -> None:
        for number in range(2000):
            handler.emit(record(f"{name} {number}"))

    threads = [threading.Thread(target=speak, args=[name]) for name in "ab"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    handler.close()
    lines = out.getvalue().splitlines()
    assert len(lines) == 4000
    for name in "ab":
        mine = [line for line in lines if line[0] == name]
        assert mine == [f"{name} {number}" for number in range(2000)]


def test_lines_come_by_themselves() -> None:
    out = StringIO()
    handler = behind(out)
    for text in ("one", "two"):
        handler.emit(record(text))
        deadline = time.monotonic() + 5
        while text not in out.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert out.getvalue() == "one\ntwo\n"
    handler.close()


def test_what_is_too_much_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.log_writing.MOST", 2)
    monkeypatch.setattr("gateway.log_writing.GATHER", 60)
    out = StringIO()
    handler = behind(out)
    for text in ("one", "two", "three", "four"):
        handler.emit(record(text))
    handler.close()
    assert out.getvalue() == "one\ntwo\n2 lines are left out\n"


def test_a_file_is_its_owners_and_of_old_ones_only_some_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "mochi.log"
    file = DailyFile(path, days=2)
    for days in (5, 4, 3, 2):
        file.handle(record(f"{days} days ago"))
        file.rolloverAt = int(time.time()) - days * 86400
    file.handle(record("now"))
    file.close()
    assert path.read_text("utf-8") == "now\n"
    old = sorted(each for each in path.parent.iterdir() if each != path)
    assert [each.read_text("utf-8") for each in old] == ["3 days ago\n", "2 days ago\n"]
    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o600}


def test_a_file_that_was_moved_or_removed_with_its_folder_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "mochi.log"
    file = DailyFile(path, days=2)
    file.handle(record("one"))
    moved = path.rename(tmp_path / "moved")
    file.handle(record("two"))
    assert moved.read_text("utf-8") == "one\n"
    assert path.read_text("utf-8") == "two\n"
    shutil.rmtree(path.parent)
    file.handle(record("three"))
    file.close()
    assert path.read_text("utf-8") == "three\n"


def test_a_log_that_cannot_be_written_says_so_once_and_counts_what_it_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "logs" / "mochi.log"
    handler = WrittenBehind(DailyFile(path, days=2))
    handler.setFormatter(logging.Formatter("%(message)s"))
    speak(handler, "one")
    shutil.rmtree(path.parent)
    path.parent.write_text("no folder", "utf-8")
    speak(handler, "two")
    speak(handler, "three")
    path.parent.unlink()
    speak(handler, "four")
    handler.close()
    assert path.read_text("utf-8") == "four\n2 lines are left out\n"
    [told] = capsys.readouterr().err.splitlines()
    assert "cannot be written" in told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device is Linux's")
def test_a_full_disk_is_told_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mochi.log"
    path.symlink_to("/dev/full")
    handler = WrittenBehind(DailyFile(path, days=2))
    handler.setFormatter(logging.Formatter("%(message)s"))
    speak(handler, "one")
    speak(handler, "two")
    path.unlink()
    speak(handler, "three")
    handler.close()
    assert path.read_text("utf-8") == "three\n2 lines are left out\n"
    [told] = capsys.readouterr().err.splitlines()
    assert "No space left on device" in told


def speak(handler: WrittenBehind, text: str) -> None:
    handler.emit(record(text))
    handler.flush()


def test_the_log_can_be_a_file_of_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "mochi.log"
    configure("INFO", as_json=True, file=path)
    logging.getLogger("mochi.x").warning("text")
    scope = {"method": "GET", "path": "/", "state": {"request_id": "abc"}}
    request_log()((time.time(), scope, "/", 200, 0.001, 3))
    [handler] = logging.getLogger("mochi").handlers
    handler.flush()
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [line["logger"] for line in lines] == ["mochi.x", "mochi.access"]
    assert lines[0]["message"] == "text"
    assert lines[1]["path"] == "/"
    assert isinstance(handler.formatter, JSONLines)


def test_requests_are_heard_at_info_as_json_and_at_debug_as_text() -> None:
    access = logging.getLogger("mochi.access")
    configure("INFO")
    assert not access.isEnabledFor(logging.INFO)
    configure("DEBUG")
    assert access.isEnabledFor(logging.INFO)
    configure("INFO", as_json=True)
    assert access.isEnabledFor(logging.INFO)
    configure("WARNING", as_json=True)
    assert not access.isEnabledFor(logging.INFO)
