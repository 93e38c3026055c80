"""Parts of requests that come back."""

import json
from typing import Any

import pytest
from msgspec import Raw, Struct

from gateway.core.errors import InvalidRequest
from gateway.dialects.decoding import RequestDecoder
from gateway.dialects.recurring import BODY, LARGEST, MOST, Recurring

PART = [{"name": "a", "text": "é" * 50}]


class Asked(Struct):
    n: int
    part: Raw = Raw()
    other: dict[str, Any] | None = None


class Reading:
    """Requests whose `part` recurs, and how often one was read."""

    def __init__(self) -> None:
        self.times = 0
        self.recurring = Recurring("part", self.make)
        self.decoder = RequestDecoder[Asked](Asked, self.recurring)

    def make(self, text: bytes) -> Any:
        self.times += 1
        return json.loads(text)

    def __call__(self, body: dict[str, Any] | bytes) -> tuple[Any, list[str]]:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        asked, unknown = self.decoder.decode(text)
        return self.recurring.made(asked.part), unknown


def test_the_same_bytes_are_read_once_wherever_they_stand() -> None:
    read = Reading()
    for n in range(5):
        assert read({"n": n, "part": PART}) == (PART, [])
        assert read({"part": PART, "n": n}) == (PART, [])
    assert read.times == 1
    assert read(json.dumps({"n": 1, "part": PART}, separators=(",", ":")).encode())[0] == PART
    assert read.times == 2


def test_in_a_large_body_it_is_decoded_but_still_made_only_once() -> None:
    read = Reading()
    large = {"n": 1, "part": PART, "other": {"text": "x" * BODY}}
    for _ in range(3):
        assert read.recurring.cut(json.dumps(large).encode()) is None
        assert read(large) == (PART, [])
    assert read.times == 1


def test_what_begins_alike_is_not_the_same() -> None:
    read = Reading()
    longer = [*PART, {"name": "b"}]
    for part in (PART, longer, PART, longer):
        assert read({"n": 1, "part": part})[0] == part


def test_a_part_of_that_name_elsewhere_is_not_taken_for_it() -> None:
    read = Reading()
    read({"n": 1, "part": PART})
    other = [{"name": "o", "text": "é" * 50}]
    assert read({"n": 1, "other": {"part": PART}, "part": other})[0] == other
    said = json.dumps({"part": PART})
    assert read({"n": 1, "other": {"said": said}, "part": other})[0] == other


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"n": "x", "part": %b}', "Invalid 'n'"),
        (b'{"n": 1, "part": %b, }', "not valid JSON: .* \\(byte [3-9]\\d\\d\\)"),
        (b'{"part": %b}', "'n'"),
    ],
)
def test_a_mistake_is_told_as_without_it(body: bytes, said: str) -> None:
    read = Reading()
    read({"n": 1, "part": PART})
    with pytest.raises(InvalidRequest, match=said):
        read(body % json.dumps(PART).encode())


def test_unknown_fields_are_still_told() -> None:
    read = Reading()
    read({"n": 1, "part": PART})
    assert read({"n": 1, "part": PART, "z": 1}) == (PART, ["z"])


def test_only_so_many_are_kept_and_no_large_ones() -> None:
    read = Reading()
    for n in range(3 * MOST):
        read({"n": 1, "part": [n, "x" * 70]})
    assert len(read.recurring._by_head) <= MOST
    assert len(read.recurring._by_part) == len(read.recurring._by_head)
    times = read.times
    for _ in range(2):
        read({"n": 1, "part": ["x" * LARGEST]})
    assert read.times == times + 2
