"""Distributions as bars of characters, for a terminal."""

from collections.abc import Sequence
from math import exp, log

from gateway.commands.benching.report import Report
from gateway.commands.benching.tables import duration, table

__all__ = ["drawn", "edges", "shares"]

BINS = 12
BAR = 24
EIGHTHS = " ▏▎▍▌▋▊▉"
SHOWN = (
    ("first_token", "Time to first token"),
    ("token_gap", "Gap between tokens"),
    ("total", "Total time"),
)


def drawn(report: Report) -> str:
    """Of each distribution that was measured, the servers side by side; `""` if there is none."""
    blocks = []
    for name, title in SHOWN:
        samples = [server.samples[name] for server in report.servers]
        if any(samples):
            names = [server.name for server in report.servers]
            blocks.append(f"{title}\n{bars(samples, names)}")
    return "\n\n".join(blocks) + "\n" if blocks else ""


def bars(samples: Sequence[Sequence[float]], names: Sequence[str]) -> str:
    limits = edges([value for each in samples for value in each])
    parts = [shares(each, limits) for each in samples]
    most = max(max(each) for each in parts) or 1
    heads = ["", *(name if len(names) > 1 else "" for name in names)]
    lines = [heads] if len(names) > 1 else []
    for place, limit in enumerate(limits):
        cells = [f"{bar(each[place] / most)} {each[place]:4.0%}".ljust(BAR + 5) for each in parts]
        lines.append([f"to {duration(limit)}", *cells])
    return table(lines)


def edges(values: Sequence[float], bins: int = BINS) -> list[float]:
    """The upper limits of the bins, even on a logarithmic scale between the 0.5th and the 99.5th
    percentile; what lies outside is in the first and the last bin."""
    ordered = sorted(values)
    outside = len(ordered) // 200
    low, high = max(ordered[outside], 1e-6), max(ordered[-1 - outside], 2e-6)
    if high < low * 1.05:
        low, high = low / 1.05, high * 1.05
    step = log(high / low) / bins
    limits = [low * exp(step * place) for place in range(1, bins)]
    return [*limits, max(high, ordered[-1])]


def shares(values: Sequence[float], limits: Sequence[float]) -> list[float]:
    """What part of the values each bin has."""
    counts = [0] * len(limits)
    place = 0
    for value in sorted(values):
        while place < len(limits) - 1 and value > limits[place]:
            place += 1
        counts[place] += 1
    return [count / len(values) if values else 0.0 for count in counts]


def bar(part: float) -> str:
    whole, rest = divmod(round(part * BAR * 8), 8)
    return ("█" * whole + (EIGHTHS[rest] if rest else "")).ljust(BAR)
