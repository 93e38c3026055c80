"""What is said to fail beside the checks of a row names checks that there are."""

import pytest

from conformance_tests.rows import ROWS
from conformance_tests.test_rows import is_there
from conformance_tests.tests.broken.consequences import CONSEQUENCES


@pytest.mark.parametrize("row", ROWS)
def test_what_a_fault_brings_down_is_there(row: int) -> None:
    """And is neither among the checks that point at it, nor the telling one of another fault."""
    brought_down = CONSEQUENCES[row]
    assert all(is_there(check) for check in brought_down)
    assert brought_down.isdisjoint(ROWS[row].tests)
    assert brought_down.isdisjoint(other.telling for other in ROWS.values())
