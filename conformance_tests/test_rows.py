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
        place, _, name = test.partition("::")
        package, _, module = place.partition("/")
        judge = getattr(import_module(f"conformance_tests.{package}.test_{module}"), name, None)
        assert callable(judge), f"there is no {test}"
