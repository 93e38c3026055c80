"""Server-sent events, however the bytes of them are cut."""

import pytest

from gateway.commands.benching import frames
from gateway.commands.benching.faults import Wrong, example
from gateway.commands.benching.frames import Frames

STREAM = (
    b': hello\n\ndata: {"a": 1}\n\nevent: x\nid: 7\ndata: {"b":\ndata:  2}\n\n'
    b"data:plain\r\n\r\nretry: 5\r\n\r\ndata: \xc3\xa9\n\ndata: [DONE]\n\n"
)
DATA = [b'{"a": 1}', b'{"b":\n 2}', b"plain", b"\xc3\xa9", b"[DONE]"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_blocks_may_end_anywhere(size: int) -> None:
    reader = Frames()
    blocks = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert [data for block in blocks for data in reader.feed(block)] == DATA
    assert reader.rest == b""


@pytest.mark.parametrize(
    ("block", "data"),
    [
        (b"data: 1\n\ndata: 2\n\n", [b"1", b"2"]),
        (b"data: 1\n\n: ping\n\n", [b"1"]),
        (b"data: 1\n\n\n\ndata: 2\n\n", [b"1", b"2"]),
        (b"data: 1\ndata: 2\n\n", [b"1\n2"]),
        (b"data: 1\n\ndata:2\n\n", [b"1", b"2"]),
        (b"data: 1\n\nevent: a\ndata: 2\n\n", [b"1", b"2"]),
    ],
)
def test_frames_of_any_shape_stand_in_one_block(block: bytes, data: list[bytes]) -> None:
    reader = Frames()
    assert reader.feed(block) == data
    assert reader.rest == b""


def test_what_is_not_whole_is_the_rest() -> None:
    reader = Frames()
    assert reader.feed(b"data: 1\n\ndata: 2\n") == [b"1"]
    assert reader.rest == b"data: 2\n"


def test_a_frame_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "LARGEST", 10)
    reader = Frames()
    assert reader.feed(b"data: 1") == []
    with pytest.raises(Wrong, match="a frame without an end"):
        reader.feed(b"2345")


def test_an_example_is_one_line_without_escapes() -> None:
    assert example(b"\x1b[31ma\r\nb\xff ") == "[31ma  b�"
    assert example("x" * 400) == "x" * 299 + "…"
