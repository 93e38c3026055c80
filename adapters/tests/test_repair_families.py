"""Every known way to write a call as text, whole, damaged and quoted, however it is cut."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.tests.repair_cases import CASES
from adapters.tests.repaired import Case, mended

by_label = pytest.mark.parametrize("case", CASES, ids=[case.label for case in CASES])


@by_label
def test_the_whole_text(case: Case) -> None:
    said, kinds = mended(case, [case.text])
    assert said == [*case.expected, (case.ends,)]
    assert sorted(kinds) == sorted(case.kinds.split())


@by_label
def test_single_characters(case: Case) -> None:
    assert mended(case, case.text) == mended(case, [case.text])


@by_label
def test_any_two_parts(case: Case) -> None:
    whole = mended(case, [case.text])
    for cut in range(len(case.text) + 1):
        assert mended(case, [case.text[:cut], case.text[cut:]]) == whole, cut


MARKUP = sorted(
    {word for case in CASES for word in case.text.replace(">", ">\0").split("\0") if word}
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(MARKUP), max_size=8).map("".join),
    st.lists(st.integers(0, 200), max_size=6),
    st.sampled_from(["stop", "length"]),
    st.booleans(),
)
def test_markup_in_any_order_is_read_the_same_however_it_is_cut(
    text: str, cuts: list[int], reason: str, opened: bool
) -> None:
    case = Case("", text, [], reason=reason, opened=opened)  # type: ignore[arg-type]
    edges = sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
    pieces = [text[start:end] for start, end in pairwise(edges)]
    assert mended(case, pieces) == mended(case, [text]) == mended(case, text)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(MARKUP), max_size=8).map("".join), st.booleans())
def test_where_nothing_was_mended_every_byte_is_the_same(text: str, offered: bool) -> None:
    said, kinds = mended(Case("", text, [], offered=offered), text)
    if not kinds:
        assert said == [*filter(None, [text]), ("stop",)]
