"""What is told of many numbers."""

import pytest

from gateway.commands.benching.durations import Durations, Spread, quantile


def test_the_spread_of_a_hundred() -> None:
    numbers = Durations()
    numbers.extend(float(number) for number in range(100, 0, -1))
    assert numbers.spread == Spread(100, 50.5, 50.5, 95.0, 99.0, 100.0)


def test_there_is_none_of_nothing() -> None:
    assert Durations().spread is None


@pytest.mark.parametrize(
    ("values", "part", "expected"),
    [
        ([3.0], 0.5, 3.0),
        ([3.0], 0.99, 3.0),
        ([1.0, 2.0], 0.5, 1.5),
        ([1.0, 2.0, 9.0], 0.5, 2.0),
        ([1.0, 2.0, 9.0], 0.95, 9.0),
    ],
)
def test_quantiles_are_values_that_were_measured(
    values: list[float], part: float, expected: float
) -> None:
    assert quantile(values, part) == expected


@pytest.mark.parametrize("count", [15, 16, 17, 1000, 4097])
def test_many_are_thinned_evenly_and_nothing_of_the_extremes_is_lost(count: int) -> None:
    numbers = Durations(kept=16)
    numbers.extend(map(float, range(count)))
    assert 8 <= len(numbers.values) <= 16
    steps = {b - a for a, b in zip(numbers.values, numbers.values[1:], strict=False)}
    assert len(steps) == 1
    assert numbers.spread
    assert numbers.spread.count == count
    assert numbers.spread.max == count - 1
    assert numbers.spread.mean == pytest.approx((count - 1) / 2)
    assert numbers.spread.p50 == pytest.approx(count / 2, rel=0.2)
