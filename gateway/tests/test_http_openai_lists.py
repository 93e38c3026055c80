"""The queries of lists."""

from typing import Annotated

import pytest
from msgspec import Meta, Struct

from gateway.core.errors import InvalidRequest
from gateway.http.openai.lists import every, read_query


class Asked(Struct):
    after: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    metadata: dict[str, str] = {}


@pytest.mark.parametrize(
    ("pairs", "asked"),
    [
        ([], Asked()),
        ([("limit", "5"), ("after", "5")], Asked("5", 5)),
        ([("limit", "5"), ("limit", "6")], Asked(None, 6)),
        ([("metadata[a]", "b"), ("metadata[c[d]]", "")], Asked(metadata={"a": "b", "c[d]": ""})),
        ([("include[]", "x"), ("other", "y"), ("metadata[a", "b")], Asked()),
    ],
)
def test_a_query_is_read(pairs: list[tuple[str, str]], asked: Asked) -> None:
    assert read_query(Asked, pairs) == asked


def test_every_value_of_a_name_is_read_in_its_order() -> None:
    assert every("a", [("a[]", "1"), ("b", "2"), ("a", "3"), ("a[b]", "4")]) == ["1", "3"]


@pytest.mark.parametrize(
    ("pairs", "param"),
    [
        ([("limit", "x")], "limit"),
        ([("limit", "101")], "limit"),
        ([("metadata", "x"), ("metadata[a]", "b")], "metadata"),
        ([("metadata[a]", "b"), ("metadata", "x")], "metadata"),
        ([("after[x]", "b")], "after"),
    ],
)
def test_the_parameter_at_fault_is_named(pairs: list[tuple[str, str]], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_query(Asked, pairs)
    assert caught.value.param == param
