import asyncio
import datetime
import enum
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from extensions.tools.results import LONGEST, failure_text, result_text

NOTE = "\n[The rest is left out: a result may have 64 KiB.]"


class Point(NamedTuple):
    x: int
    y: int


class Shade(str, enum.Enum):  # noqa: UP042 -- its `str()` is another text
    RED = "red"


class Mute:
    def __str__(self) -> str:
        raise SystemExit(3)


class Endless(list[int]):
    """Says that it has an element, and never stops giving them."""

    def __iter__(self) -> Iterator[int]:
        while True:
            yield 1


class Loud(str):
    def __getitem__(self, key: Any) -> str:
        raise RuntimeError("no")

    def encode(self, *args: Any) -> bytes:
        raise RuntimeError("no")

    def __str__(self) -> str:
        raise RuntimeError("no")


class Strange(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise ValueError("no")


class Nameless(metaclass=Strange):
    def __repr__(self) -> str:
        raise KeyboardInterrupt


def nested(levels: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(levels):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is\n", "as it is\n"),
        ("", ""),
        (None, "Tool executed successfully (no output)"),
        (Shade.RED, "red"),
        ({"a": 1, "ä": [True, None]}, '{"a": 1, "ä": [true, null]}'),
        ([], "[]"),
        ((1, "x"), '[1, "x"]'),
        (Point(1, 2), "[1, 2]"),
        ({1: "x"}, '{"1": "x"}'),
        ([float("nan"), float("inf")], "[NaN, Infinity]"),
        ([Path("a/b"), datetime.date(2026, 1, 2)], '["a/b", "2026-01-02"]'),
        ({("a", "b"): 1}, "{('a', 'b'): 1}"),
        (True, "True"),
        (3, "3"),
        (float("nan"), "nan"),
        (b"abc", "b'abc'"),
        (bytearray(b"\xff"), "b'\\xff'"),
        ({"x"}, "{'x'}"),
        ("half \ud800 pair", "half ? pair"),
        (["\ud800"], '["?"]'),
    ],
)
def test_every_value_has_a_text(value: Any, text: str) -> None:
    assert result_text(value) == text


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (Mute, "Mute"),
        (lambda: [Mute()], "list"),
        (lambda: Nameless(), "Nameless"),  # pytest asks a class for its name
        (lambda: 10**5000, "int"),
        (lambda: tuple(nested(100_000)), "tuple"),
    ],
)
def test_a_value_that_cannot_be_shown_is_named_by_its_type(
    make: Callable[[], Any], kind: str
) -> None:
    assert result_text(make()) == f"A value of type '{kind}' that cannot be shown as text"


def test_a_text_with_methods_of_its_own_is_as_it_is() -> None:
    assert result_text(Loud("quiet")) == "quiet"


def test_a_list_within_itself_is_shown_as_python_does() -> None:
    value: list[Any] = [1]
    value.append(value)

    assert result_text(value) == "[1, [...]]"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("x" * (LONGEST + 1), "x" * LONGEST),
        ("x" * 10_000_000, "x" * LONGEST),
        ("ä" * LONGEST, "ä" * (LONGEST // 2)),
        ("x" + "ä" * LONGEST, "x" + "ä" * (LONGEST // 2 - 1)),
        (b"x" * 10_000_000, "b'" + "x" * (LONGEST - 2)),
        (["x" * LONGEST], '["' + "x" * (LONGEST - 2)),
        (Endless([1]), ("[" + "1, " * LONGEST)[:LONGEST]),
    ],
)
def test_a_long_result_is_cut_between_characters_with_a_note(value: Any, kept: str) -> None:
    assert result_text(value) == kept + NOTE


def test_a_result_at_the_limit_is_whole() -> None:
    assert result_text("x" * LONGEST) == "x" * LONGEST


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("bad"), "bad"),
        (ValueError(), "ValueError"),
        (ValueError("  \n"), "ValueError"),
        (KeyError("x"), "KeyError: 'x'"),
        (SystemExit(), "SystemExit"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (asyncio.CancelledError(), "CancelledError"),
        (OSError("\ud800"), "?"),
        (ValueError(Mute()), "ValueError"),
    ],
)
def test_a_failure_is_never_without_words(error: BaseException, text: str) -> None:
    assert failure_text(error) == text


def test_a_long_failure_is_cut() -> None:
    assert failure_text(ValueError("x" * 1_000_000)) == "x" * LONGEST + NOTE
