"""Entries that are told by their keys."""

from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta, Raw, Struct

from gateway.core.errors import InvalidRequest
from gateway.dialects.decoding import decode_part

Key = Annotated[str, Meta(max_length=4)]
Value = Annotated[str, Meta(max_length=3)]


class Part(Struct):
    labels: Annotated[dict[Key, Value], Meta(max_length=3)] | None = None
    limits: dict[str, int] = {}
    rules: dict[str, Literal["yes", "no"]] = {}
    parts: list["Part"] = []
    deep: dict[str, dict[str, int]] = {}


@pytest.mark.parametrize(
    ("body", "param", "reason"),
    [
        ('{"labels": {"a": "x", "b": 1}}', "labels.b", "invalid_type"),
        ('{"labels": {"a": "x", "b": null}}', "labels.b", "invalid_type"),
        ('{"labels": {"a": "x", "b c\u2028": []}}', "labels.b c\u2028", "invalid_type"),
        ('{"labels": {"a": "x", "b": "long"}}', "labels.b", "string_above_max_length"),
        ('{"labels": {"a": "x", "much": ""}}', None, None),
        ('{"labels": {"a": "x", "\u00fcber": ""}}', None, None),
        ('{"labels": {"longer": ""}}', "labels.longer", "property_name_above_max_length"),
        ('{"labels": {"a": "", "b": "", "c": "", "d": ""}}', "labels", "object_above_max_properties"),
        ('{"labels": "x"}', "labels", "invalid_type"),
        ('{"limits": {"a": 1, "b": 1.5}}', "limits.b", "invalid_type"),
        ('{"limits": {"a": 1, "b": true}}', "limits.b", "invalid_type"),
        ('{"rules": {"a": "yes", "b": "perhaps"}}', "rules.b", "invalid_value"),
        ('{"parts": [{}, {"labels": {"a": 1}}]}', "parts[1].labels.a", "invalid_type"),
        ('{"deep": {"a": {"b": "c"}}}', "deep[...]", "invalid_type"),
        ('{"labels": 1, "labels": {"a": 1}}', "labels", "invalid_type"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("raw", [False, True])
def test_the_key_is_named(body: str, param: str | None, reason: str | None, raw: bool) -> None:
    decoder = msgspec.json.Decoder(Part)
    part = Raw(body.encode()) if raw else body.encode()
    if param is None:
        assert decode_part(decoder, part, "")
        return
    with pytest.raises(InvalidRequest) as caught:
        decode_part(decoder, part, "")
    assert (caught.value.param, caught.value.reason) == (param, reason)
    assert param in caught.value.message


def test_a_key_is_named_at_its_place_and_not_at_any_length() -> None:
    body = msgspec.json.encode({"labels": {"k" * 10_000: ""}})
    with pytest.raises(InvalidRequest) as caught:
        decode_part(msgspec.json.Decoder(Part), body, "items[2]")
    assert caught.value.param == "items[2].labels." + "k" * 200
