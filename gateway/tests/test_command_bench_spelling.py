"""What a stream is told that does not know all of our characters."""

from io import BytesIO, StringIO, TextIOWrapper

import pytest

from gateway.commands.benching.spelling import spelled


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("utf-8", "12 µs █▌ 2 × a…", "12 µs █▌ 2 × a…"),
        ("ascii", "12 µs █▌ 2 × a…", "12 us ## 2 x a..."),
        ("ascii", "██▏ ██▉", "##  ###"),
        ("latin-1", "12 µs, 2 ×", "12 µs, 2 ×"),
        ("cp437", "██ ▏", "##  "),
        ("ascii", "Größe: 4 ms", "Größe: 4 ms"),
    ],
)
def test_ours_are_replaced_where_they_cannot_be_written(
    encoding: str, text: str, shown: str
) -> None:
    assert spelled(text, TextIOWrapper(BytesIO(), encoding)) == shown


def test_what_has_no_encoding_holds_every_character() -> None:
    assert spelled("█", StringIO()) == "█"
