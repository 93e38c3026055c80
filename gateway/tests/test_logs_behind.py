"""Lines that are written behind the back of the event loop."""

import errno
import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.logs.behind import WrittenBehind
from gateway.logs.configuring import JSONLines, configure, request_log
from gateway.logs.places import Place


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


class Sheet:
    """A place that remembers, and takes nothing while it is `full` but the beginning of a line."""

    def __init__(self) -> None:
        self.text = ""
        self.full = False

    def write(self, lines: bytes) -> None:
        if self.full:
            self.text += lines.decode()[:1]
            raise OSError(errno.ENOSPC, "No space left on device")
        self.text += lines.decode()

    def close(self) -> None:
        self.full = True


def behind(place: Place) -> WrittenBehind:
    handler = WrittenBehind(place)
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("mochi", logging.INFO, "x.py", 1, text, None, None)


def test_no_line_is_lost_and_each_thread_keeps_its_order() -> None:
    sheet = Sheet()
    handler = behind(sheet)

    def speak(name: str) -> None:
        for number in range(2000):
            handler.emit(record(f"{name} {number}"))

    threads = [threading.Thread(target=speak, args=[name]) for name in "ab"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    handler.close()
    lines = sheet.text.splitlines()
    assert len(lines) == 4000
    for name in "ab":
        mine = [line for line in lines if line[0] == name]
        assert mine == [f"{name} {number}" for number in range(2000)]


def test_lines_come_by_themselves() -> None:
    sheet = Sheet()
    handler = behind(sheet)
    for text in ("one", "two"):
        handler.emit(record(text))
        deadline = time.monotonic() + 5
        while text not in sheet.text and time.monotonic() < deadline:
            time.sleep(0.01)
    assert sheet.text == "one\ntwo\n"
    handler.close()


def test_what_is_too_much_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.logs.behind.MOST", 2)
    monkeypatch.setattr("gateway.logs.behind.GATHER", 60)
    sheet = Sheet()
    handler = behind(sheet)
    for text in ("one", "two", "three", "four"):
        handler.emit(record(text))
    handler.flush()
    assert sheet.text == "one\ntwo\nup to 2 lines are missing\n"
    handler.close()


def test_what_was_lost_is_said_once_and_the_next_line_is_whole(
    capfd: pytest.CaptureFixture[str],
) -> None:
    sheet = Sheet()
    handler = behind(sheet)
    speak(handler, "one")
    sheet.full = True
    speak(handler, "two")
    speak(handler, "three")
    sheet.full = False
    speak(handler, "four")
    assert sheet.text.split("\n") == ["one", "t", "", "four", "up to 2 lines are missing", ""]
    [told] = capfd.readouterr().err.splitlines()
    assert "No space left on device" in told


def test_what_was_lost_last_is_said_in_the_end() -> None:
    sheet = Sheet()
    handler = behind(sheet)
    sheet.full = True
    speak(handler, "one")
    sheet.full = False
    handler.close()
    assert sheet.text.split("\n") == ["o", "up to 1 lines are missing", ""]


def test_a_reader_who_never_reads_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.logs.behind.AT_THE_END", 0.05)
    monkeypatch.setattr("gateway.logs.behind.GATHER", 0)
    entered, reading = threading.Event(), threading.Event()

    class Pipe(Sheet):
        def write(self, lines: bytes) -> None:
            entered.set()
            reading.wait(10)

    handler = behind(Pipe())
    handler.emit(record("one"))
    began = time.monotonic()
    assert entered.wait(5)
    handler.close()
    assert time.monotonic() - began < 5
    reading.set()


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
