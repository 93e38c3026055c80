import time

import pytest

from adapters.upstream.errors import LimitExceeded
from adapters.upstream.lines import Lines


@pytest.mark.parametrize("size", range(1, 14))
def test_lines_come_whole_however_they_were_cut(size: int) -> None:
    body = "é\n{}\r\n\nlonger line\nrest".encode()
    lines = Lines()
    fed = [lines.feed(body[at : at + size]) for at in range(0, len(body), size)]
    assert all(part.endswith(b"\n") for part in fed if part)
    assert b"".join(fed) + lines.rest() == body
    assert lines.rest() == b"rest"


def test_block_that_ends_with_a_line_is_not_copied() -> None:
    block = b"a\nb\n"
    assert Lines().feed(block) is block


def test_several_lines_come_together() -> None:
    lines = Lines()
    assert lines.feed(b"a") == b""
    assert lines.feed(b"b\nc\nd") == b"ab\nc\n"
    assert lines.feed(b"\n") == b"d\n"
    assert lines.rest() == b""


def test_line_as_long_as_the_limit_passes() -> None:
    lines = Lines(4)
    assert lines.feed(b"abcd\nabcd\nab") == b"abcd\nabcd\n"
    assert lines.feed(b"cd\n") == b"abcd\n"


@pytest.mark.parametrize(
    "blocks",
    [
        [b"abcde\n"],
        [b"a\nabcde\nb\n"],
        [b"abcde"],
        [b"abc", b"de"],
        [b"abcd", b"e\n"],
        [b"\nabcde"],
    ],
)
def test_longer_line_is_refused_complete_or_not(blocks: list[bytes]) -> None:
    lines = Lines(4)
    *before, last = blocks
    for block in before:
        lines.feed(block)
    with pytest.raises(LimitExceeded, match="longer than 4 bytes"):
        lines.feed(last)


def test_time_is_linear_in_the_length_of_a_line() -> None:
    def seconds(size: int) -> float:
        lines = Lines(size)
        start = time.perf_counter()
        for _ in range(size // 64):
            lines.feed(b"x" * 64)
        return time.perf_counter() - start

    seconds(1 << 18)
    assert min(seconds(1 << 22) for _ in range(3)) < 64 * min(seconds(1 << 18) for _ in range(3))
