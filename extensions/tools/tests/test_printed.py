"""Output in the log."""

import pytest

from extensions.tools.printed import LINES_A_MINUTE, LONGEST_LINE, Printed


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "mochi.tools")


def test_lines_are_logged_as_they_are_complete(caplog: pytest.LogCaptureFixture) -> None:
    printed = Printed(7)
    assert printed.take(b"one\ntw")
    assert printed.take(b"o\n\n\xff\nrest")
    assert caplog.messages == ["Tool host 7: one", "Tool host 7: two", "Tool host 7: \\xff"]
    printed.end()
    assert caplog.messages[3:] == ["Tool host 7: rest"]


def test_long_lines_are_cut(caplog: pytest.LogCaptureFixture) -> None:
    printed = Printed(7)
    for _ in range(10):
        printed.take(b"x" * 100_000)
    printed.take(b"\nshort\n")
    assert caplog.messages == [f"Tool host 7: {'x' * LONGEST_LINE}", "Tool host 7: short"]


def test_there_is_a_limit_to_what_is_logged_in_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    printed = Printed(7, lambda: now)
    assert not printed.take(b"again\n" * 100_000)
    assert not printed.take(b"and again\n")
    assert len(caplog.messages) == LINES_A_MINUTE + 1
    assert caplog.messages[-1] == "Tool host 7 prints more than is logged."
    now = 60.0
    assert printed.take(b"later\n")
    assert caplog.messages[-1] == "Tool host 7: later"
