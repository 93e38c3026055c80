"""The result as JSON, for programs.

    {"format": 1, "mochi": "0.9.0", "started": "2030-01-02T03:04:05+00:00", "interrupted": false,
     "load": {"endpoint", "stream", "concurrency", "requests", "duration", "rate", "arrivals",
              "prompt", "max_tokens", "warm_up", "rounds", "timeout"},
     "servers": [{"name": "A", "url", "model", "figures": FIGURES, "rounds": [FIGURES, …],
                  "samples": {"total", "first_token", "token_gap", "token_time", "speed"},
                  "warm_up_errors": [{"kind", "count", "example"}, …]}, …],
     "comparison": [{"figure", "ratio", "low", "high", "pairs"}, …],
     "generator": {"cores": 0.31, "at_its_limit": false}}

FIGURES are `figures.Figures`: counts, seconds, tokens a second, and for each distribution
`{"count", "mean", "p50", "p95", "p99", "max"}`, or null where nothing was measured. `rounds` are
those of a comparison, A's n-th beside B's. `samples` are the numbers behind the distributions,
thinned evenly to at most 10,000. `ratio` is B by A, with `low` and `high` as its 95 % interval.
Keys and headers of requests are in none of it. A later version may add names; it removes none.
"""

from array import array
from datetime import datetime
from math import ceil

import msgspec
from msgspec import Struct

from gateway import __version__
from gateway.commands.benching.comparing import Ratio, ratios
from gateway.commands.benching.figures import Figures, Totals, Trouble
from gateway.commands.benching.measuring import Run, Side
from gateway.commands.benching.plan import Load

__all__ = ["Generator", "Report", "Server", "as_json", "report"]

SAMPLES = 10_000
AT_ITS_LIMIT = 0.7
DISTRIBUTIONS = ("total", "first_token", "token_gap", "token_time", "speed")


class Server(Struct, frozen=True, kw_only=True):
    name: str
    url: str
    model: str
    figures: Figures
    rounds: tuple[Figures, ...]
    samples: dict[str, list[float]]
    warm_up_errors: tuple[Trouble, ...]


class Generator(Struct, frozen=True):
    """How many cores the load generator used itself. Near one, its figures are its own."""

    cores: float
    at_its_limit: bool


class Report(Struct, frozen=True, kw_only=True):
    format: int = 1
    mochi: str = __version__
    started: str
    interrupted: bool
    load: Load
    servers: tuple[Server, ...]
    comparison: tuple[Ratio, ...]
    generator: Generator


def report(run: Run, started: datetime) -> Report:
    a, *others = run.sides
    return Report(
        started=started.isoformat(timespec="seconds"),
        interrupted=run.ended_by is not None,
        load=run.plan.load,
        servers=tuple(map(server, run.sides)),
        comparison=ratios(a.rounds, others[0].rounds) if others else (),
        generator=Generator(round(run.busy, 3), run.busy >= AT_ITS_LIMIT),
    )


def server(side: Side) -> Server:
    target = side.target
    return Server(
        name=target.name,
        url=target.url,
        model=target.model,
        figures=side.totals.figures,
        rounds=tuple(side.rounds),
        samples=samples(side.totals),
        warm_up_errors=side.warming.figures.errors,
    )


def samples(totals: Totals) -> dict[str, list[float]]:
    values: dict[str, array[float]] = {name: getattr(totals, name).values for name in DISTRIBUTIONS}
    return {name: list(each[:: ceil(len(each) / SAMPLES) or 1]) for name, each in values.items()}


def as_json(report: Report) -> bytes:
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"
