"""How long ago something was."""

from datetime import datetime, timedelta

import pytest

from gateway.commands.chatting.records import age

NOW = datetime(2026, 3, 4, 12, 0, 0).astimezone()


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=49), "2 days"),
        (timedelta(days=100), "2025-11-24"),
    ],
)
def test_an_age(ago: timedelta, said: str) -> None:
    then = NOW - ago
    assert age(then.isoformat(), NOW) == said
    assert age(then.replace(tzinfo=None).isoformat(timespec="microseconds"), NOW) == said


def test_what_is_no_timestamp_is_shown_as_it_is() -> None:
    assert age("yesterday", NOW) == "yesterday"
