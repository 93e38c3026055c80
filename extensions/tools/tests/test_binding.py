# ruff: noqa: UP007, UP045 -- both spellings of a union are data here
import dataclasses
import datetime
import enum
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, TypedDict, Union

import msgspec
import pytest
from pydantic import BaseModel

from extensions.tools.binding import InvalidArguments, bound


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Place(TypedDict):
    lat: float
    tags: list[str]


@dataclasses.dataclass
class Order:
    item: str
    count: int = 1

    def __post_init__(self) -> None:
        if self.count > 99:
            raise RuntimeError("no more than 99")


class Person(BaseModel):
    name: str
    age: int = 0


def taking(annotation: Any, *default: Any) -> Any:
    def tool(x: Any = None) -> None: ...

    tool.__annotations__["x"] = annotation
    tool.__defaults__ = default or None
    return tool


@pytest.mark.parametrize(
    ("annotation", "given", "value"),
    [
        (str, b'"5"', "5"),
        (int, b"5", 5),
        (int, b'"5"', 5),
        (int, b'" -5 "', -5),
        (int, b"3.0", 3),
        (int, b"1" * 400, int("1" * 400)),
        (float, b"5", 5.0),
        (float, b'"1.5e3"', 1500.0),
        (float, b'".5"', 0.5),
        (bool, b"true", True),
        (bool, b'"Yes"', True),
        (bool, b'"1"', True),
        (bool, b'"no"', False),
        (bool, b'"FALSE"', False),
        (int | None, b'"7"', 7),
        (Optional[int], b"null", None),
        (Annotated[int, "how many"], b'"7"', 7),
        (Annotated[int, msgspec.Meta(ge=1)] | None, b'"7"', 7),
        (int | str, b'"7"', "7"),
        (list[str], b'["a","b"]', ["a", "b"]),
        (list, b'[1,"a"]', [1, "a"]),
        (tuple[int, str], b'[1,"a"]', (1, "a")),
        (set[int], b"[1,1]", {1}),
        (dict[str, int], b'{"a":1}', {"a": 1}),
        (dict[int, str], b'{"1":"a"}', {1: "a"}),
        (Any, b'{"a":[1]}', {"a": [1]}),
        (Literal["a", 1], b"1", 1),
        (Colour, b'"blue"', Colour.BLUE),
        (list[Colour], b'["red"]', [Colour.RED]),
        (Place, b'{"lat":1,"tags":[]}', {"lat": 1.0, "tags": []}),
        (Order, b'{"item":"tea"}', Order("tea")),
        (Person, b'{"name":"A"}', Person(name="A")),
        (list[Person], b'[{"name":"A","age":3}]', [Person(name="A", age=3)]),
        (Path, b'"a/b"', Path("a/b")),
        (Union[str, Path], b'"a/b"', "a/b"),
        (list[int] | list[str], b'["a"]', ["a"]),
        (datetime.date, b'"2026-01-02"', datetime.date(2026, 1, 2)),
        ("list[int]", b"[1]", [1]),
    ],
)
def test_a_value_becomes_what_the_annotation_asks_for(
    annotation: Any, given: bytes, value: Any
) -> None:
    made = bound(taking(annotation), b'{"x":' + given + b"}")

    assert made == {"x": value}
    assert type(made["x"]) is type(value)


@pytest.mark.parametrize(
    ("annotation", "given", "fault"),
    [
        (str, b"5", "Expected `str`, got `int`"),
        (str, b"null", "Expected `str`, got `null`"),
        (int, b'"five"', "'five' is not a whole number"),
        (int, b'"1_000"', "'1_000' is not a whole number"),
        (int, b'"3.5"', "'3.5' is not a whole number"),
        (int, b'""', "'' is not a whole number"),
        (int, b'"' + b"1" * 5000 + b'"', f"'{'1' * 100}…' is not a whole number"),
        (int, b"3.5", "Expected `int`, got `float`"),
        (int, b"true", "Expected `int`, got `bool`"),
        (int, b"null", "Expected `int`, got `null`"),
        (float, b'"nan"', "'nan' is not a number"),
        (float, b'"1e999"', "'1e999' is not a number"),
        (float, b"1" * 400, "Number out of range"),
        (bool, b'"maybe"', "'maybe' is neither true nor false"),
        (bool, b"1", "Expected `bool`, got `int`"),
        (list[int], b'["a"]', "Expected `int`, got `str` - at `$[0]`"),
        (list[int], b'"[1]"', "Expected `array`, got `str`"),
        (
            list[int] | list[str],
            b"[1.5]",
            "Expected `int`, got `float` - at `$[0]`, or: Expected `str`, got `float` - at `$[0]`",
        ),
        (Annotated[int, msgspec.Meta(ge=1)], b'"0"', "Expected `int` >= 1"),
        (Literal["a"], b'"b"', "Invalid enum value 'b'"),
        (Colour, b'"green"', "Invalid enum value 'green'"),
        (Place, b'{"lat":1}', "Object missing required field `tags`"),
        (Order, b'{"item":"tea","count":100}', "no more than 99"),
        (
            Person,
            b'{"age":"x"}',
            "name: Field required; age: Input should be a valid integer, unable to parse string as an integer",
        ),
        (Path, b"5", None),
    ],
)
def test_a_value_that_does_not_fit_is_named(annotation: Any, given: bytes, fault: str) -> None:
    with pytest.raises(InvalidArguments) as raised:
        bound(taking(annotation), b'{"x":' + given + b"}")

    if fault is not None:
        assert str(raised.value) == f"argument 'x': {fault}"
    assert str(raised.value).startswith("argument 'x': ")


def sample(a: int, b: str, c: float | None, d: int = 4, e: int = None, *, f: bool = True) -> None:  # type: ignore[assignment]  # noqa: RUF013
    pass


def test_what_was_left_out_keeps_its_default_and_an_optional_value_is_none() -> None:
    assert bound(sample, b'{"a":1,"b":"x"}') == {"a": 1, "b": "x", "c": None}


def test_null_is_taken_where_the_default_is_none() -> None:
    assert bound(sample, b'{"a":1,"b":"x","e":null}')["e"] is None


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidArguments) as raised:
        bound(sample, b'{"b":1,"z":1,"f":"perhaps"}')

    assert str(raised.value) == (
        "unknown argument 'z'; the arguments are 'a', 'b', 'c', 'd', 'e', 'f'; missing argument 'a';"
        " argument 'b': Expected `str`, got `int`;"
        " argument 'f': 'perhaps' is neither true nor false"
    )


def test_a_function_without_parameters_takes_nothing() -> None:
    def tool() -> None: ...

    assert bound(tool, b"{}") == {}
    with pytest.raises(InvalidArguments, match="unknown argument 'x'; there are no arguments"):
        bound(tool, b'{"x":1}')


def test_a_parameter_without_an_annotation_is_a_text() -> None:
    def tool(x) -> None: ...  # type: ignore[no-untyped-def]

    assert bound(tool, b'{"x":"a"}') == {"x": "a"}
    with pytest.raises(InvalidArguments, match="Expected `str`"):
        bound(tool, b'{"x":1}')


def test_the_arguments_may_be_raw() -> None:
    assert bound(taking(int), msgspec.Raw(b'{"x":1}')) == {"x": 1}


@pytest.mark.parametrize(
    "arguments",
    [
        b"",
        b"[1]",
        b"null",
        b'{"x":',
        b'{"x":NaN}',
        b'{"x":1e999}',
        b'{"x":"\xff"}',
        b'{"x":"\\ud800"}',
        b'{"x":' + b"1" * 5000 + b"}",
        b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_json_object_is_refused(arguments: bytes) -> None:
    with pytest.raises(InvalidArguments, match="they "):
        bound(taking(Any), arguments)
