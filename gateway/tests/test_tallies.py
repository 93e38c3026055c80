"""Counting, many at a time and with a limit to what is told apart."""

from gateway.core.tallies import OTHER, Histogram, Tally


def test_a_value_counts_for_the_first_bound_that_it_does_not_exceed() -> None:
    times = Histogram((1, 2, 5))
    for value in (7, 0, 1, 1.5, 2, 5, 5.1):
        times.observe(value)
    times.settle()
    times.settle()
    assert (times.counts, times.sum) == ([2, 2, 1, 2], 21.6)
    times.observe(1)
    times.settle()
    assert (times.counts, times.sum) == ([3, 2, 1, 2], 22.6)


def test_only_so_many_words_are_told_apart() -> None:
    tally = Tally("known", most=2)
    for word in ("known", "new", "newer", "newest", "new"):
        tally.add(word, "ok")
    assert tally.counts == {
        ("known",): 0,
        ("known", "ok"): 1,
        ("new", "ok"): 2,
        (OTHER, "ok"): 2,
    }
