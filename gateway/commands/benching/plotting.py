"""Distributions as a picture."""

from pathlib import Path
from typing import Any

from gateway.commands import CommandFailed
from gateway.commands.benching.histogram import SHOWN
from gateway.commands.benching.report import Report, Server

__all__ = ["plotted", "prepare"]

MISSING = "A picture needs matplotlib: pip install 'mochi-gateway[bench]', or plot to '-'."
WIDE = 30
COLOURS = ("#2563a8", "#d9822b")


def prepare() -> Any:
    """The library, asked for before anything is measured. `CommandFailed` if it is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise CommandFailed(MISSING, 2) from None
    return Figure


def plotted(report: Report, file: Path) -> None:
    """What part of the answers was at least as fast: one panel for each distribution.

    Steps of what was measured, without bins to choose. `CommandFailed` if it cannot be written.
    """
    shown = [
        (name, title)
        for name, title in SHOWN
        if any(server.samples[name] for server in report.servers)
    ]
    figure = prepare()(figsize=(4.2 * max(1, len(shown)), 3.8), layout="constrained")
    panels = figure.subplots(1, max(1, len(shown)), squeeze=False)[0]
    for panel, (name, title) in zip(panels, shown, strict=False):
        panel.set_title(title)
        for server, colour in zip(report.servers, COLOURS, strict=False):
            draw(panel, milliseconds(server, name), server.name, colour)
        scale(panel, [value for each in report.servers for value in milliseconds(each, name)])
        if len(report.servers) > 1:
            panel.legend(loc="lower right")
    figure.suptitle("  ".join(f"{each.name}: {each.url} {each.model}" for each in report.servers))
    try:
        figure.savefig(file, format="png", dpi=150)
    except OSError as error:
        raise CommandFailed(f"Cannot write {str(file)!r}: {error.strerror}.") from None


def milliseconds(server: Server, name: str) -> list[float]:
    return [seconds * 1000 for seconds in server.samples[name]]


def draw(panel: Any, values: list[float], name: str, colour: str) -> None:
    if values:
        panel.ecdf(values, label=name, color=colour)


def scale(panel: Any, values: list[float]) -> None:
    """Logarithmic if there is much between the least and the most; linear below a microsecond."""
    low, high = max(min(values), 1e-3), max(values)
    if high > WIDE * low:
        panel.set_xscale("symlog", linthresh=1e-3)
        panel.set_xlim(low * 0.9, high * 1.1)
        panel.xaxis.set_major_formatter("{x:g}")
    panel.set_xlabel("ms")
    panel.set_ylabel("part of them")
    panel.grid(alpha=0.3)
