"""Distributions as a picture."""

from pathlib import Path
from typing import Any

from gateway.commands import CommandFailed
from gateway.commands.benching.histogram import SHOWN
from gateway.commands.benching.report import Report

__all__ = ["plotted", "prepare"]

MISSING = "A picture needs matplotlib: pip install 'mochi-gateway[bench]', or plot to '-'."
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
            draw(panel, [value * 1000 for value in server.samples[name]], server.name, colour)
        if len(report.servers) > 1:
            panel.legend(loc="lower right")
    figure.suptitle("  ".join(f"{each.name}: {each.url} {each.model}" for each in report.servers))
    try:
        figure.savefig(file, format="png", dpi=150)
    except OSError as error:
        raise CommandFailed(f"Cannot write {str(file)!r}: {error.strerror}.") from None


def draw(panel: Any, milliseconds: list[float], name: str, colour: str) -> None:
    if milliseconds:
        panel.ecdf(milliseconds, label=name, color=colour)
    panel.set_xscale("symlog" if milliseconds and min(milliseconds) <= 0 else "log")
    panel.set_xlabel("ms")
    panel.set_ylabel("part of them")
    panel.grid(alpha=0.3)
