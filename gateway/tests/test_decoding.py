"""What a caller is told of a body that cannot be read."""

from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta, Raw, Struct

from gateway.core.errors import InvalidRequest
from gateway.dialects.decoding import decode, decode_part


class Inner(Struct):
    name: Annotated[str, Meta(max_length=3, pattern="^[a-z]*$")]


class Outer(Struct):
    kind: Literal["a", "b"]
    count: Annotated[int, Meta(ge=1, le=9)] = 1
    ratio: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    items: Annotated[list[Inner], Meta(max_length=2)] = []
    labels: dict[Annotated[str, Meta(max_length=3)], str] = {}
    rest: Raw = Raw(b"null")


OUTER = msgspec.json.Decoder(Outer)


def mistake(body: bytes) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        decode(OUTER, body)
    return caught.value


@pytest.mark.parametrize(
    ("body", "param", "reason"),
    [
        (b"{}", "kind", "missing_required_parameter"),
        (b'{"kind":"c"}', "kind", "invalid_value"),
        (b'{"kind":1}', "kind", "invalid_type"),
        (b'{"kind":"a","count":0}', "count", "integer_below_min_value"),
        (b'{"kind":"a","count":10}', "count", "integer_above_max_value"),
        (b'{"kind":"a","count":1.5}', "count", "invalid_type"),
        (b'{"kind":"a","ratio":0}', "ratio", "decimal_below_min_value"),
        (b'{"kind":"a","ratio":1e999}', "ratio", "decimal_above_max_value"),
        (b'{"kind":"a","items":[{"name":"x"},{}]}', "items[1].name", "missing_required_parameter"),
        (b'{"kind":"a","items":[{"name":"long"}]}', "items[0].name", "string_above_max_length"),
        (b'{"kind":"a","items":[{"name":"X"}]}', "items[0].name", "invalid_value"),
        (b'{"kind":"a","items":[{},{},{}]}', "items[0].name", "missing_required_parameter"),
        (b'{"kind":"a","items":{}}', "items", "invalid_type"),
        (b'{"kind":"a","labels":{"x":1}}', "labels.x", "invalid_type"),
        (b'{"kind":"a","labels":{"long":""}}', "labels.long", "property_name_above_max_length"),
    ],
)
def test_the_field_at_fault_is_named(body: bytes, param: str, reason: str) -> None:
    error = mistake(body)
    assert (error.param, error.reason) == (param, reason)
    assert f"'{param}'" in error.message


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"kind":"a"}x', b'{"kind":"\\ud800"}'])
def test_what_is_no_object_has_no_field(body: bytes) -> None:
    assert mistake(body).param is None


@pytest.mark.parametrize(
    "rest", [b'"\xff"', b'"\\ud800"', b'"\\x"', b'"\n"', b"NaN", b"01", b"[" * 5000 + b"]" * 5000]
)
def test_what_is_kept_raw_is_checked_too(rest: bytes) -> None:
    assert mistake(b'{"kind":"a","rest":%b}' % rest).param is None


def test_a_part_is_placed_where_it_stands_in_the_body() -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode_part(msgspec.json.Decoder(list[Inner]), b'[{"name":1}]', "messages[2].content")
    assert caught.value.param == "messages[2].content[0].name"
