"""The result as text, for people: figures, errors with an example of each, and what to beware."""

from collections.abc import Callable, Iterator, Sequence

from gateway.commands.benching.comparing import FEW, Ratio
from gateway.commands.benching.durations import Spread
from gateway.commands.benching.figures import Figures, Trouble
from gateway.commands.benching.plan import Load
from gateway.commands.benching.report import Report, Server

__all__ = ["counted", "digits", "duration", "table", "text"]

HEADINGS = ("", "p50", "p95", "p99", "mean", "max")
TIMES = (
    ("time to first token", "first_token"),
    ("gap between tokens", "token_gap"),
    ("time per output token", "token_time"),
    ("total time", "total"),
)


def text(report: Report) -> str:
    """All of it, ending with a line feed."""
    blocks = [block for server in report.servers for block in about(server, report)]
    if report.comparison:
        blocks.append(compared(report.comparison))
    elif len(report.servers) > 1:
        blocks.append("No pair of rounds was completed: there is nothing to compare.")
    blocks.append("\n".join(notes(report)))
    return "\n\n".join(filter(None, blocks)) + "\n"


def about(server: Server, report: Report) -> Iterator[str]:
    name = f"{server.name}: " if len(report.servers) > 1 else ""
    yield f"{name}{server.url}, {server.model} ({described(report.load)})"
    figures = server.figures
    yield "\n".join(summary(figures))
    if figures.right:
        yield table([HEADINGS, *rows(figures)])
    if figures.errors:
        yield errors(figures.errors)
    if server.warm_up_errors:
        yield f"While it was warmed up:\n{errors(server.warm_up_errors)}"


def described(load: Load) -> str:
    way = "streamed" if load.stream else "in one piece"
    pace = "" if load.rate is None else f", {load.rate:g} requests/s ({load.arrivals})"
    return f"{load.endpoint}, {way}, {load.concurrency} at a time{pace}"


def summary(figures: Figures) -> Iterator[str]:
    if not figures.seconds:
        yield "Nothing was measured."
        return
    wrong = f", {figures.wrong} of them wrong," if figures.wrong else ""
    per_second = f"{digits(figures.requests_per_second)} right ones a second"
    yield f"{counted(figures.requests, 'request')}{wrong} in {figures.seconds:.3g} s: {per_second}"
    if figures.tokens:
        source = f"counted by {figures.tokens_from}"
        yield f"{figures.tokens} tokens: {digits(figures.tokens_per_second)} a second ({source})"
    if figures.cpu_per_request is not None:
        tokens = figures.cpu_per_token
        each = f", {duration(tokens)} a token" if tokens is not None and figures.right else ""
        yield f"CPU of the server: {duration(figures.cpu_per_request)} a request{each}"
    if figures.connections:
        yield f"{counted(figures.connections, 'connection')} opened beside those of the warm-up"
    if figures.waited_as_asked:
        yield f"{figures.waited_as_asked:.3g} s waited in all, for servers that asked or were away"


def rows(figures: Figures) -> Iterator[Sequence[str]]:
    for label, name in TIMES:
        if spread := getattr(figures, name):
            yield row(label, spread, duration)
    if figures.speed:
        yield row("tokens/s of an answer", figures.speed, digits)


def row(label: str, spread: Spread, shown: Callable[[float], str]) -> Sequence[str]:
    values = (spread.p50, spread.p95, spread.p99, spread.mean, spread.max)
    return (label, *map(shown, values))


def errors(troubles: Sequence[Trouble]) -> str:
    lines = []
    for each in troubles:
        lines.append(f"{each.count} × {each.kind}")
        if each.example:
            lines.append(f"    such as: {each.example}")
    return "\n".join(lines)


def compared(comparison: Sequence[Ratio]) -> str:
    head = ("B by A, in rounds side by side", "pairs", "ratio", "95 % interval")
    lines = [
        (each.figure, str(each.pairs), f"{each.ratio:.3f}", interval(each.low, each.high))
        for each in comparison
    ]
    unsure = any(each.low is None for each in comparison)
    few = f"\n\nAn interval needs {FEW} pairs." if unsure else ""
    return table([head, *lines]) + few


def interval(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def notes(report: Report) -> Iterator[str]:
    if report.interrupted and not any(each.figures.seconds for each in report.servers):
        yield "Interrupted while it was warming up."
        return
    if report.interrupted:
        yield "Interrupted: these are the answers that had come, without those under way."
    if report.load.rate is not None:
        yield "Times run from when a request was due, so waiting for a free place counts."
    if report.generator.at_its_limit:
        share = f"{report.generator.cores:.0%}"
        yield f"The load generator itself used {share} of a core: the figures may be its own limit."


def table(lines: Sequence[Sequence[str]]) -> str:
    """Columns two blanks apart, the first to the left and all others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration(seconds: float) -> str:
    """With three digits that mean something: `1.23 ms`."""
    if seconds < 1e-3:
        return f"{digits(seconds * 1e6)} µs"
    return f"{digits(seconds * 1e3)} ms" if seconds < 1 else f"{digits(seconds)} s"


def digits(number: float) -> str:
    return f"{number:.2f}" if number < 10 else f"{number:.1f}" if number < 100 else f"{number:.0f}"
