"""The table of known faults names tests that there are."""

from importlib import import_module

import pytest

from conformance_tests.rows import ROWS, Row


def test_the_rows_are_numbered() -> None:
    """Others refer to a row by its number."""
    assert list(ROWS) == list(range(1, 47))


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_fault_is_tested_or_waits_for_something(row: Row) -> None:
    """A known fault that nobody looks for comes back."""
    assert bool(row.tests) != bool(row.later)
    for test in row.tests:
        assert is_there(test), f"there is no {test}"


def is_there(test: str) -> bool:
    place, _, name = test.partition("::")
    package, _, module = place.partition("/")
    return callable(
        getattr(import_module(f"conformance_tests.{package}.test_{module}"), name, None)
    )


def test_one_check_tells_a_fault_from_all_others() -> None:
    """Of any server, so it is none of those about our own gateway."""
    telling = [row.telling for row in ROWS.values()]
    assert len({*telling}) == len(telling)
    assert all(row.telling in row.outside for row in ROWS.values())
