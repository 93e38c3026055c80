"""Two servers in turns, so that whatever else the machine does happens to both."""

import random
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from msgspec import Struct

from gateway.commands.benching.durations import Spread
from gateway.commands.benching.figures import Figures

__all__ = ["COMPARED", "Ratio", "order", "ratios"]

RESAMPLES = 5_000
SEED = 20_140
INTERVAL = 0.95
FEW = 6
"""Pairs below which an interval promises more than it can keep: its end is an extreme of them."""


class Ratio(Struct, frozen=True):
    """B by A: the median over the pairs of rounds, and where it lies with 95 % confidence.

    `low` and `high` are None where there are too few pairs to say so.
    """

    figure: str
    ratio: float
    low: float | None
    high: float | None
    pairs: int


def of_spread(name: str) -> Callable[[Figures], float | None]:
    def middle(figures: Figures) -> float | None:
        spread: Spread | None = getattr(figures, name)
        return spread.p50 if spread else None

    return middle


COMPARED: dict[str, Callable[[Figures], float | None]] = {
    "time to first token": of_spread("first_token"),
    "gap between tokens": of_spread("token_gap"),
    "time per output token": of_spread("token_time"),
    "total time": of_spread("total"),
    "tokens/s of an answer": of_spread("speed"),
    "requests/s": lambda figures: figures.requests_per_second,
    "CPU per request": lambda figures: figures.cpu_per_request,
    "CPU per token": lambda figures: figures.cpu_per_token,
}


def order(servers: int, rounds: int) -> Iterator[int]:
    """A B B A A B B A …: each comes first as often as second, and a drift hits both alike."""
    both = list(range(servers))
    for number in range(rounds):
        yield from both if number % 2 == 0 else reversed(both)


def ratios(first: Sequence[Figures], second: Sequence[Figures]) -> tuple[Ratio, ...]:
    """Of every figure, over the pairs of rounds in which both servers have it: the median gap
    between tokens, for one, is 0 in a round whose tokens came many to a read."""
    found = []
    for name, figure in COMPARED.items():
        pairs = [(figure(a), figure(b)) for a, b in zip(first, second, strict=False)]
        whole = [b / a for a, b in pairs if a and b]
        if whole:
            found.append(ratio(name, whole))
    return tuple(found)


def ratio(name: str, pairs: Sequence[float]) -> Ratio:
    """Pairs are drawn again, not requests: what disturbs a round disturbs all requests in it."""
    if len(pairs) < FEW:
        return Ratio(name, median(pairs), None, None, len(pairs))
    rng = random.Random(SEED)
    drawn = sorted(median(rng.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    outside = int(RESAMPLES * (1 - INTERVAL) / 2)
    return Ratio(name, median(pairs), drawn[outside], drawn[-1 - outside], len(pairs))
