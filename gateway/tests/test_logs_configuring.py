"""What a log line looks like, and what it can never look like."""

import asyncio
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from gateway.logs.configuring import JSONLines, PlainLines, configure


def record(text: str, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("mochi.x", logging.WARNING, "x.py", 1, text, None, None)
    vars(made).update(extra)
    return made


def test_a_plain_line_has_time_level_and_name() -> None:
    line = PlainLines().format(record("text"))
    assert line[19:] == " WARNING mochi.x: text"
    assert line[4] == "-"


def test_control_characters_forge_no_line_and_paint_no_terminal() -> None:
    line = PlainLines().format(record("a\n2026-01-01 ERROR b\x1b[31m\u2028c"))
    assert line.endswith(": a\\x0a2026-01-01 ERROR b\\x1b[31m\\u2028c")


def test_a_traceback_is_indented() -> None:
    try:
        raise ValueError("one\n2026-01-01 00:00:00 ERROR forged")
    except ValueError:
        line = PlainLines().format(record("failed", exc_info=sys.exc_info()))
    assert "\n    2026-01-01 00:00:00 ERROR forged" in line
    assert all(part.startswith("    ") for part in line.split("\n")[1:])


def test_a_json_line_carries_what_extra_added() -> None:
    line = JSONLines().format(record("a\nb", status=200, path="/v1"))
    assert "\n" not in line
    entry = json.loads(line)
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "level": "WARNING",
        "logger": "mochi.x",
        "message": "a\nb",
        "status": 200,
        "path": "/v1",
    }


def test_ours_are_heard_from_the_level_on_and_the_root_is_left_alone(
    capfd: pytest.CaptureFixture[str], restored_loggers: None
) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    configure("INFO")
    logging.getLogger("mochi.x").info("heard")
    logging.getLogger("mochi.access").info("not heard")
    logging.getLogger("uvicorn.error").info("not heard")
    logging.getLogger("uvicorn.error").warning("heard too")
    logging.getLogger("uvicorn.error").error("ended", exc_info=asyncio.CancelledError())
    flush()
    lines = capfd.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["heard", "heard too"]
    assert (root.level, list(root.handlers)) == before


def test_debug_lets_everybody_speak(
    capfd: pytest.CaptureFixture[str], restored_loggers: None
) -> None:
    configure("DEBUG")
    logging.getLogger("mochi.access").info("GET / 200")
    flush()
    assert capfd.readouterr().err.endswith("INFO mochi.access: GET / 200\n")


def flush() -> None:
    for handler in logging.getLogger("mochi").handlers:
        handler.flush()


@pytest.fixture
def restored_loggers() -> Iterator[None]:
    """Loggers are global: give pytest its own back."""
    names = ("mochi", "mochi.access", "litestar", "uvicorn")
    loggers = [logging.getLogger(name) for name in names]
    before = [(each, each.handlers, each.propagate, each.level) for each in loggers]
    yield
    for each, handlers, propagate, level in before:
        each.handlers, each.propagate = handlers, propagate
        each.setLevel(level)
