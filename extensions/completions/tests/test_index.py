"""What lists are chosen by."""

from collections.abc import Sequence

import pytest

from extensions.completions.index import PER_VALUE, Entry, Index


def entry(id: str, created: int = 1, **metadata: str) -> Entry:
    return Entry(created, id, "qwen3:8b", metadata)


def ids(index: Index, after: str | None = None, descending: bool = False) -> Sequence[str] | None:
    return index.ids(after, descending)


def test_the_order_is_that_of_the_seconds_and_then_of_the_ids() -> None:
    index = Index([entry("c", 2), entry("b", 1), entry("a", 2)])
    index.put(entry("d", 1))
    assert ids(index) == ["b", "d", "a", "c"]
    assert ids(index, descending=True) == ["c", "a", "d", "b"]


@pytest.mark.parametrize(
    ("after", "descending", "expected"),
    [
        ("a", False, ["b", "c"]),
        ("c", False, []),
        ("c", True, ["b", "a"]),
        ("a", True, []),
        ("z", False, None),
    ],
)
def test_a_page_begins_after_a_place(
    after: str, descending: bool, expected: list[str] | None
) -> None:
    assert ids(Index([entry("a"), entry("b"), entry("c")]), after, descending) == expected


def test_the_place_of_what_was_dropped_is_known() -> None:
    index = Index([entry("a"), entry("b"), entry("c")])
    index.drop("b")
    index.drop("b")
    assert (ids(index, "b"), ids(index, "b", descending=True), len(index)) == (["c"], ["a"], 2)


def test_not_all_places_are_remembered() -> None:
    index = Index([entry(id) for id in "abcd"], remembered=2)
    for id in "abc":
        index.drop(id)
    assert (ids(index, "a"), ids(index, "b"), ids(index, "c")) == (None, ["d"], ["d"])


def test_an_entry_is_replaced() -> None:
    index = Index([entry("a", a="b"), entry("b")])
    index.put(entry("a", a="c"))
    assert (ids(index), index.get("a")) == (["a", "b"], entry("a", a="c"))


def test_metadata_are_kept_as_long_as_there_is_room() -> None:
    index = Index(room=2 * (PER_VALUE + 2))
    for id in "abc":
        index.put(entry(id, k="v"))
    assert [found.metadata for id in "abc" if (found := index.get(id))] == [
        {"k": "v"},
        {"k": "v"},
        None,
    ]
    for _ in range(3):
        index.drop("a")
        index.put(entry("a", k="v"))
    index.drop("a")
    index.put(entry("c", k="v"))
    assert index.get("c") == entry("c", k="v")
