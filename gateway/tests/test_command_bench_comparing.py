"""Which server is faster, and how sure that is."""

import random

import pytest

from gateway.commands.benching.comparing import order, ratio, ratios
from gateway.commands.benching.durations import Spread
from gateway.commands.benching.figures import Figures, Totals


def figures(total: float, cpu: float | None = None) -> Figures:
    spread = Spread(10, total, total, total, total, total)
    of_nothing = Totals().figures
    return Figures(
        **{name: getattr(of_nothing, name) for name in Figures.__struct_fields__}
        | {"total": spread, "requests_per_second": 1 / total, "cpu_per_request": cpu}
    )


def test_each_comes_first_as_often_as_second() -> None:
    assert list(order(2, 4)) == [0, 1, 1, 0, 0, 1, 1, 0]
    assert list(order(1, 3)) == [0, 0, 0]


def test_noise_that_hits_a_pair_alike_is_in_no_ratio() -> None:
    noise = random.Random(1)
    rounds = [noise.uniform(1, 100) for _ in range(10)]
    found = ratios([figures(each) for each in rounds], [figures(each * 1.2) for each in rounds])
    told = {each.figure: each for each in found}
    assert told.keys() == {"total time", "requests/s"}
    total = told["total time"]
    assert (total.ratio, total.low, total.high) == pytest.approx((1.2, 1.2, 1.2))
    assert total.pairs == 10


def test_the_interval_covers_a_true_ratio_and_is_the_same_each_time() -> None:
    noise = random.Random(2)
    covered = 0
    for _ in range(20):
        pairs = [1.1 * noise.lognormvariate(0, 0.1) for _ in range(12)]
        one = ratio("total time", pairs)
        assert one.low is not None
        assert one.high is not None
        assert one.low <= one.ratio <= one.high
        covered += one.low <= 1.1 <= one.high
    assert covered >= 17
    assert ratio("total time", pairs) == one


def test_of_few_pairs_no_interval_is_claimed() -> None:
    one = ratio("total time", [1.0, 1.1, 1.2])
    assert (one.ratio, one.low, one.high, one.pairs) == (1.1, None, None, 3)


def test_a_round_without_its_other_is_left_out() -> None:
    (total, rate) = ratios([figures(1), figures(2)], [figures(3)])
    assert (total.ratio, total.pairs) == (3, 1)
    assert rate.ratio == pytest.approx(1 / 3)


def test_pairs_without_a_figure_are_left_out_of_its_ratio_alone() -> None:
    first = [figures(1, cpu) for cpu in (2, 0, None)]
    found = ratios(first, [figures(1, 3)] * 3)
    assert {each.figure: each.pairs for each in found} == {
        "total time": 3,
        "requests/s": 3,
        "CPU per request": 1,
    }


def test_cpu_is_compared_where_both_are_known() -> None:
    assert "CPU per request" in {each.figure for each in ratios([figures(1, 2)], [figures(1, 3)])}
    assert "CPU per request" not in {each.figure for each in ratios([figures(1)], [figures(1, 3)])}


def test_cpu_that_is_not_known_of_one_round_is_not_told_of_all() -> None:
    """The requests of that round are counted: by them the rest would seem to be too little."""
    totals = Totals()
    totals.spent(1.0, 0.5)
    assert totals.figures.cpu_seconds == 0.5
    totals.spent(1.0, None)
    assert totals.figures.cpu_seconds is None
    totals.spent(1.0, 0.5)
    assert totals.figures.cpu_seconds is None
