# ruff: noqa: UP007, UP045 -- both spellings of a union are data here
import dataclasses
import datetime
import enum
import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Optional, TypedDict, Union

import msgspec
import pytest
from pydantic import BaseModel, Field

from extensions.tools.catalogue import FoundTool
from extensions.tools.schemas import LARGEST, found_tool
from extensions.tools.signature import NotATool
from extensions.tools.tests import postponed


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"
    EXTREME = "extreme"


class Place(TypedDict):
    """Where it is."""

    title: str
    level: Level


class Trip(TypedDict, total=False):
    to: Place


@dataclasses.dataclass
class Order:
    item: str
    tags: list[str] = dataclasses.field(default_factory=list)


class Part(BaseModel):
    title: str


class Person(BaseModel):
    name: str = Field(description="first and last")
    parts: list[Part] = []


class Tree(TypedDict):
    children: "list[Tree]"


class Node(BaseModel):
    nodes: "list[Node]"


class Pair(NamedTuple):
    a: int
    b: str


def described(function: Callable[..., Any], name: str = "tool") -> FoundTool:
    return found_tool(function, name=name, package="p")


def taking(annotation: Any) -> Callable[..., None]:
    def tool(x: Any) -> None:
        """Do."""

    tool.__annotations__["x"] = annotation
    return tool


PLACE = {
    "type": "object",
    "properties": {
        "level": {"type": "string", "enum": ["extreme", "high", "low"]},
        "title": {"type": "string"},
    },
    "required": ["level", "title"],
}


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (list, {"type": "array"}),
        (dict, {"type": "object"}),
        (Any, {}),
        ("int", {"type": "integer"}),
        ("list[str] | None", {"type": "array", "items": {"type": "string"}}),
        (list[str], {"type": "array", "items": {"type": "string"}}),
        (list["int"], {"type": "array", "items": {"type": "integer"}}),
        (
            list[list[int]],
            {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
        ),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (
            tuple[int, str],
            {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "items": False,
            },
        ),
        (
            Pair,
            {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
            },
        ),
        (set[int], {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Optional[str], {"type": "string"}),
        (int | None, {"type": "integer"}),
        (int | str, {"type": ["integer", "string"]}),
        (str | int | None, {"type": ["string", "integer"]}),
        (
            int | list[int],
            {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]},
        ),
        (
            list[int] | list[str],
            {
                "anyOf": [
                    {"type": "array", "items": {"type": "integer"}},
                    {"type": "array", "items": {"type": "string"}},
                ]
            },
        ),
        (Union[str, Path], {"type": "string"}),
        (Union[str, Path, int], {"type": ["string", "integer"]}),
        (Literal["low", "high", "extreme"], {"type": "string", "enum": ["low", "high", "extreme"]}),
        (Literal[3, 1, 2], {"type": "integer", "enum": [3, 1, 2]}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (Literal["b", "a"] | None, {"type": "string", "enum": ["b", "a"]}),
        (
            list[Literal["b", "a"]],
            {"type": "array", "items": {"type": "string", "enum": ["b", "a"]}},
        ),
        (Level, {"type": "string", "enum": ["low", "high", "extreme"]}),
        (Optional[Level], {"type": "string", "enum": ["low", "high", "extreme"]}),
        (Annotated[int, "how many"], {"type": "integer"}),
        (Annotated[int, msgspec.Meta(ge=1)], {"type": "integer", "minimum": 1}),
        (Place, {**PLACE, "description": "Where it is."}),
        (
            Trip,
            {
                "type": "object",
                "properties": {"to": {**PLACE, "description": "Where it is."}},
                "required": [],
            },
        ),
        (
            Order,
            {
                "type": "object",
                "properties": {
                    "item": {"type": "string"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["item"],
            },
        ),
        (
            Person,
            {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "description": "first and last"},
                    "parts": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"title": {"type": "string"}},
                            "required": ["title"],
                        },
                        "default": [],
                    },
                },
                "required": ["name"],
            },
        ),
        (
            Tree,
            {
                "type": "object",
                "properties": {"children": {"type": "array", "items": {"type": "object"}}},
                "required": ["children"],
            },
        ),
        (
            Node,
            {
                "type": "object",
                "properties": {"nodes": {"type": "array", "items": {"type": "object"}}},
                "required": ["nodes"],
            },
        ),
        (None, {"type": "null"}),
        (Path, {"type": "string"}),
        (bytes, {"type": "string", "contentEncoding": "base64"}),
        (datetime.date, {"type": "string", "format": "date"}),
    ],
)
def test_an_annotation_has_this_schema(annotation: Any, schema: dict[str, Any]) -> None:
    found = described(taking(annotation))

    assert found.parameters == {"x": {"description": "", **schema}}


def add(a: int, b: float = 2, c: str | None = None, d: Optional[int] = 1, e: list[int] | None = None) -> str:  # fmt: skip
    """Add two
    numbers.

    More: with a colon.

    Args:
        a (int): first
        b: second, that goes on
            on a line of its own
        c: third: with a colon

    Returns:
        str: the sum

    Raises:
        ValueError: never
    """
    return ""


def test_a_whole_tool() -> None:
    found = described(add, "add")

    assert found.name == "add"
    assert found.package == "p"
    assert found.description == "Add two\nnumbers.\n\nMore: with a colon."
    assert found.parameters == {
        "a": {"type": "integer", "description": "first"},
        "b": {"type": "number", "description": "second, that goes on on a line of its own"},
        "c": {"type": "string", "description": "third: with a colon"},
        "d": {"type": "integer", "description": ""},
        "e": {"type": "array", "items": {"type": "integer"}, "description": ""},
    }
    assert found.required == ("a",)
    assert msgspec.json.decode(found.schema) == {
        "type": "object",
        "properties": found.parameters,
        "required": ["a"],
    }
    assert b"null" not in bytes(found.schema)


def test_an_optional_parameter_is_not_required_even_without_a_default() -> None:
    def tool(a: int, b: int | None, *, c: str) -> None:
        """Do."""

    assert described(tool).required == ("a", "c")


def test_no_parameters() -> None:
    def tool() -> None:
        """Do."""

    assert bytes(described(tool).schema) == b'{"type":"object","properties":{},"required":[]}'


def test_without_annotations_everything_is_text() -> None:
    def tool(a, b=1):  # type: ignore[no-untyped-def]
        """Do."""

    found = described(tool)
    assert [each["type"] for each in found.parameters.values()] == ["string", "string"]
    assert found.required == ("a",)


def test_postponed_annotations() -> None:
    found = described(postponed.tool)

    assert found.parameters == {
        "a": {"type": "integer", "description": "first"},
        "b": {"type": "array", "items": {"type": "string"}, "description": "second"},
        "c": {"type": "string", "enum": ["x", "a"], "description": ""},
        "d": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "description": "Own."},
    }  # fmt: skip
    assert found.required == ("a", "d")


def test_a_return_type_that_does_not_exist_is_of_no_interest() -> None:
    def tool(a: int) -> "Nonsense":  # type: ignore[name-defined]  # noqa: F821
        """Do."""

    assert described(tool).required == ("a",)


def test_a_decorated_function_is_what_it_was() -> None:
    @functools.lru_cache
    @functools.wraps(postponed.tool)
    def tool(*args: Any, **kwargs: Any) -> None: ...

    assert described(tool).parameters == described(postponed.tool).parameters


def test_methods_objects_partials_and_coroutines() -> None:
    class Adder:
        def add(self, a: int) -> None:
            """Add."""

        def __call__(self, a: "int") -> None:
            """Add."""

    async def later(a: int) -> None:
        """Add."""

    partial = functools.partial(postponed.tool, b=["x"])
    partial.__doc__ = "Do."

    for tool in (Adder().add, Adder(), later):
        assert described(tool).required == ("a",)
    assert described(partial).required == ("a", "d")


@pytest.mark.parametrize(
    "name", ["json", "copy", "schema", "args", "returns", "model_fields", "self", "cls", "async_"]
)
def test_parameters_may_be_called_like_things_of_pydantic(name: str) -> None:
    space: dict[str, Any] = {}
    exec(f"def tool({name}: int):\n    '''Do.\n\n    Args:\n        {name}: this'''", space)

    found = described(space["tool"])

    assert found.parameters[name]["type"] == "integer"
    assert found.required == (name,)


def variadic(*args: int) -> None:
    """Do."""


def keywords(**kwargs: int) -> None:
    """Do."""


def positional(a: int, /) -> None:
    """Do."""


def unknown(a: "Nonsense") -> None:  # type: ignore[name-defined]  # noqa: F821
    """Do."""


def dividing(a: "1 / 0") -> None:  # type: ignore[valid-type]
    """Do."""


def private(_a: int) -> None:
    """Do."""


def configured(model_config: int) -> None:
    """Do."""


def surrogate(a: Literal["\ud800"]) -> None:
    """Do."""


def halves(a: int) -> None: ...


halves.__doc__ = "\ud800"


def long(a: int) -> None: ...


long.__doc__ = "x" * LARGEST


class Mixed(enum.Enum):
    A = 1
    B = "b"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (variadic, "parameter 'args': a call names all its arguments"),
        (keywords, "parameter 'kwargs': a model has to know the names of all arguments"),
        (positional, "parameter 'a': it can only be given by position"),
        (unknown, "an annotation has no meaning: name 'Nonsense' is not defined"),
        (dividing, "an annotation has no meaning: division by zero"),
        (private, "parameter '_a': it has a name that cannot be offered"),
        (configured, "it cannot be converted: `model_config` cannot be used as a model field name"),
        (surrogate, "parameter 'a': 'utf-8' codec can't encode"),
        (halves, "it cannot be converted: 'utf-8' codec can't encode"),
        (long, f"its docstring and schema have {LARGEST + 150} bytes, over the limit of {LARGEST}"),
        (dict.get, "parameter 'self': it can only be given by position"),
        (min, "its parameters are unknown: no signature found"),
    ],
)
def test_a_function_that_cannot_be_offered_says_why(
    function: Callable[..., Any], reason: str
) -> None:
    with pytest.raises(NotATool) as raised:
        described(function)

    assert str(raised.value).startswith(reason)


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (object, "there is no JSON for a 'object'"),
        (complex, "there is no JSON for a 'complex'"),
        (Callable[[int], int], "there is no JSON for a 'Callable'"),
        (Iterable[int], "there is no JSON for a 'Iterable'"),
        (Mixed, "Enums must contain either all str or all int values"),
        (5, "Type '5' is not supported"),
    ],
)
def test_a_type_that_json_has_not_is_named(annotation: Any, reason: str) -> None:
    with pytest.raises(NotATool) as raised:
        described(taking(annotation))

    assert str(raised.value).startswith(f"parameter 'x': {reason}")
