"""Each row of the table of known faults is named by its checks, and by no others."""

import pytest

from conformance_tests.rows import ROWS, suspects
from conformance_tests.tests.broken.judgement import failing
from conformance_tests.tests.broken.server import base_url
from conformance_tests.tests.broken.switches import DEFECTS

FUZZING = "openai/robustness"
"""Takes seconds, and what it finds has a telling check of its own."""

TELLING = [row.telling for row in ROWS.values()]


def test_each_row_has_a_defect() -> None:
    """A fault that cannot be provoked cannot be shown to be found."""
    assert sorted(DEFECTS) == list(ROWS)


def test_nothing_is_wrong_with_the_server_itself(port: int) -> None:
    """What lies between breaks nothing unless it is told to."""
    assert failing(base_url(port, 0), TELLING) == {}


@pytest.mark.parametrize("row", ROWS)
def test_a_fault_is_named_and_no_other(port: int, row: int) -> None:
    """Its own checks fail; of the checks that tell one fault from all others, its own alone.

    `python -m conformance_tests.tests.broken` asks the same of the whole suite.
    """
    own = [check for check in ROWS[row].outside if not check.startswith(FUZZING)]
    failed = failing(base_url(port, row), {*own, *TELLING})
    assert {*own} <= failed.keys(), failed
    assert suspects(failed) == [row], failed
