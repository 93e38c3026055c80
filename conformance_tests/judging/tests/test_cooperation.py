"""How often something has to go well."""

import pytest

from conformance_tests.judging.cooperation import Rate, tried
from conformance_tests.judging.verdicts import NotOffered


class Attempts:
    """Goes as these say, one after the other."""

    def __init__(self, *outcomes: BaseException | None) -> None:
        self.outcomes = iter(outcomes)

    def __call__(self) -> None:
        outcome = next(self.outcomes)
        if outcome:
            raise outcome


def test_two_of_three_are_enough() -> None:
    assert tried(Attempts(None, ValueError(), None), Rate(2, 3)) == (Rate(2, 3), None)


def test_one_of_three_is_not() -> None:
    last = AssertionError("last")
    assert tried(Attempts(ValueError(), None, last), Rate(2, 3)) == (Rate(1, 3), last)


def test_what_is_not_offered_is_not_tried_again() -> None:
    with pytest.raises(NotOffered):
        tried(Attempts(None, NotOffered("no"), ValueError()), Rate(2, 3))
