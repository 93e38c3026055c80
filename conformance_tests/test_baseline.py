"""A published check stays what it is for as long as the suite has its version."""

from conformance_tests.judging import SUITE_VERSION
from conformance_tests.judging.baseline import broken, checks, published

ANEW = "python -m conformance_tests.judging.baseline"


def test_no_published_check_changed_without_another_version() -> None:
    """Reports of two servers, or of two versions of one, are compared by the ids of checks."""
    version, frozen = published()
    assert version == SUITE_VERSION, f"freeze the checks of this version: {ANEW}"
    now = checks()
    assert broken(now, frozen) == [], f"SUITE_VERSION has to go up; then: {ANEW}"
    assert now.keys() == frozen.keys(), f"there are checks that are not published yet: {ANEW}"
