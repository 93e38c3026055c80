"""Types that take no unknown field, and where others have some."""

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta, Raw, Struct

from gateway.dialects.closing import closed, unknown_fields
from gateway.dialects.decoding import RequestDecoder


class Inner(Struct):
    a: int
    b: str = "b"


class Outer(Struct, kw_only=True):
    inner: Inner | str
    many: Annotated[list[Inner], Meta(max_length=3)] | None = None
    free: dict[str, Any] | None = None
    raw: Raw = Raw(b"")


class Whole(Struct):
    outer: Outer


GOOD: dict[str, Any] = {"outer": {"inner": {"a": 1}, "many": [{"a": 2}], "free": {"x": 1}}}


def test_what_is_decoded_is_of_the_very_structs() -> None:
    whole = msgspec.json.decode(msgspec.json.encode(GOOD), type=closed(Whole))
    assert isinstance(whole, Whole)
    assert isinstance(whole.outer.inner, Inner)
    assert whole.outer.many is not None
    assert isinstance(whole.outer.many[0], Inner)
    assert whole.outer.many[0].a == 2


@pytest.mark.parametrize(
    ("changed", "unknown"),
    [
        ({}, []),
        ({"x": 1}, ["x"]),
        ({"outer": {"inner": "text", "y": 1}}, ["outer.y"]),
        ({"outer": {"inner": {"a": 1, "z": {}}}}, ["outer.inner.z"]),
        ({"outer": {"inner": "t", "many": [{"a": 1}, {"a": 1, "q": 0}]}}, ["outer.many[1].q"]),
        ({"outer": {"inner": "t", "free": {"any": {"thing": 1}}}}, []),
        ({"outer": {"inner": "t", "raw": {"any": 1}}}, []),
    ],
)
def test_unknown_fields_are_named_at_any_depth(changed: dict[str, Any], unknown: list[str]) -> None:
    body = {**GOOD, **changed}
    decoder = RequestDecoder[Whole](Whole)
    whole, found = decoder.decode(msgspec.json.encode(body))
    assert isinstance(whole, Whole)
    assert found == unknown
    assert [*unknown_fields(msgspec.json.encode(body), Whole, "")] == unknown


class Left(Struct, tag_field="type", tag="left"):
    a: int = 0


class Right(Struct, tag_field="type", tag="right"):
    b: int = 0


def test_the_tag_of_a_union_is_no_unknown_field() -> None:
    part = b'[{"type":"left","a":1,"x":2},{"type":"right","y":3}]'
    assert list(unknown_fields(part, list[Left | Right], "parts")) == ["parts[0].x", "parts[1].y"]
