"""Go's JSON, times and tokens."""

import json
import math

import pytest

from adapters.simulator.embedding import vector
from adapters.simulator.encoding import Float32, encode, quote
from adapters.simulator.times import SECOND, utc
from adapters.simulator.tokens import count, split


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [], "b": {}, "c": None, "d": True}, '{"a":[],"b":{},"c":null,"d":true}'),
        ("<b>&</b>\u2028\u2029", r'"\u003cb\u003e\u0026\u003c/b\u003e\u2028\u2029"'),
        ('é"\\\n\t\x01\x7f', '"é\\"\\\\\\n\\t\\u0001\x7f"'),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (2.0, "2"),
        (-0.5827178955078125, "-0.5827178955078125"),
        (Float32(0.096232995), "0.096232995"),
        (Float32(0.1), "0.1"),
        (Float32(0.00083680864), "0.00083680864"),
    ],
)
def test_values_as_go_writes_them(value: object, text: str) -> None:
    assert encode(value).decode() == text


def test_what_is_written_can_be_read() -> None:
    value = {"text": "".join(map(chr, range(0x250))), "list": [1, [2.5, {"a": "<"}]]}
    assert json.loads(encode(value)) == value


def test_quoting() -> None:
    assert quote('a"\\\n\x00é\u200b') == '"a\\"\\\\\\n\\x00é\\u200b"'


def test_times_have_as_many_digits_as_they_need() -> None:
    moment = 1_700_000_000 * SECOND
    assert utc(moment) == "2023-11-14T22:13:20Z"
    assert utc(moment + 120_000_000) == "2023-11-14T22:13:20.12Z"
    assert utc(moment + 1) == "2023-11-14T22:13:20.000000001Z"


@pytest.mark.parametrize(
    "text", ["", " ", "a  b\n\n", "conversation", "世界 🎉", "w " * 40, "\n x"]
)
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(split(text)) == text


def test_prose_has_about_four_characters_a_token() -> None:
    prose = "The gateway translates every request and forwards it without losing anything. " * 9
    assert 3.5 < len(prose) / count(prose) < 5.5


def test_vectors_have_length_one_and_words_in_common_bring_them_together() -> None:
    cats, kittens, law = map(vector, ("a cat and a dog", "the cat and the dog", "tax law reform"))
    assert math.isclose(sum(value * value for value in cats), 1, rel_tol=1e-5)
    assert dot(cats, kittens) > dot(cats, law) + 0.3
    assert vector("a cat") == vector("a cat")
    assert len(vector("a", 4)) == 4


def dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
