"""When the requests of a round are sent."""

import random
from itertools import islice, takewhile

import pytest

from gateway.commands.benching.driving import arrivals
from gateway.commands.benching.plan import Load


def test_even_requests_begin_at_once() -> None:
    times = arrivals(Load(rate=4, arrivals="even"), random.Random(1))
    assert list(islice(times, 4)) == [0, 0.25, 0.5, 0.75]


@pytest.mark.parametrize("seconds", [0.1, 1, 50])
def test_poisson_rounds_of_any_length_are_at_the_rate(seconds: float) -> None:
    rng, load, rounds = random.Random(1), Load(rate=10), round(2_000 / seconds)
    sent = sum(
        len(list(takewhile(lambda at: at < seconds, arrivals(load, rng)))) for _ in range(rounds)
    )
    assert sent / (rounds * seconds) == pytest.approx(10, rel=0.03)
