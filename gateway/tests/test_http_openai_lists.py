"""Pages of lists, and their envelope."""

import pytest
from msgspec import Raw

from gateway.core.errors import InvalidRequest
from gateway.http.openai.lists import Order, PageAsked, list_of, paged


@pytest.mark.parametrize(
    ("asked", "page", "more"),
    [
        (PageAsked(), "cba", False),
        (PageAsked(order="asc", limit=2), "ab", True),
        (PageAsked(order="asc", limit=2, after="b"), "c", False),
        (PageAsked(limit=1, after="c"), "b", True),
        (PageAsked(after="a"), "", False),
    ],
)
def test_a_page_begins_behind_what_is_named(asked: PageAsked, page: str, more: bool) -> None:
    assert paged("abc", str, asked) == (page, more)


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_the_pages_are_all_there_is(order: Order) -> None:
    found, after, more = "", None, True
    while more:
        page, more = paged("abcdefg", str, PageAsked(order=order, limit=3, after=after))
        found, after = found + "".join(page), page[-1]
    assert found == ("abcdefg" if order == "asc" else "gfedcba")


def test_nothing_begins_behind_what_is_not_there() -> None:
    with pytest.raises(InvalidRequest, match="'x'") as refused:
        paged("abc", str, PageAsked(after="x"))
    assert (refused.value.param, refused.value.reason) == ("after", "invalid_value")


def test_the_envelope_tells_of_its_ends() -> None:
    whole = list_of([("a", Raw(b"1")), ("b", Raw(b"2"))], more=True)
    assert (whole.first_id, whole.last_id, whole.has_more) == ("a", "b", True)
    empty = list_of([])
    assert (empty.first_id, empty.last_id, empty.has_more) == (None, None, False)
