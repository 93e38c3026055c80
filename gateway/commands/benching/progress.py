"""How far the run is: bars on a terminal, a line now and then elsewhere."""

from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Protocol, TextIO

from gateway.commands.benching.measuring import Run, Side
from gateway.commands.benching.plan import Load
from gateway.commands.benching.spelling import spelled
from gateway.commands.benching.tables import counted, digits, duration

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = ["Bars", "Lasting", "Lines", "Progress", "part", "standing"]

EVERY = 5.0
RECENT = 2000
"""Figures of what goes on are those of so many values, lest they cost more than the load."""


class Progress(Protocol):
    def show(self, run: Run) -> None:
        """Called a few times a second."""

    def close(self) -> None: ...


class Lines:
    """A line every five seconds for every server that has begun."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._next = monotonic() + EVERY

    def show(self, run: Run) -> None:
        if monotonic() < self._next:
            return
        self._next = monotonic() + EVERY
        for side in run.sides:
            if side.seconds:
                print(spelled(standing(side), self._output), file=self._output, flush=True)

    def close(self) -> None: ...


class Bars:
    """A bar for every server, gone when all is over."""

    def __init__(self, output: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Live

        self._live = Live(
            BarColumn(12),
            TextColumn("{task.description}", markup=False),
            console=Console(file=output, highlight=False, markup=False, emoji=False),
            auto_refresh=False,
            transient=True,
        )
        self._output = output
        self._tasks: list[TaskID] = []
        self._live.start()

    def show(self, run: Run) -> None:
        while len(self._tasks) < len(run.sides):
            self._tasks.append(self._live.add_task("", total=1))
        for task, side in zip(self._tasks, run.sides, strict=True):
            load, said = run.plan.load, spelled(standing(side), self._output)
            self._live.update(task, completed=part(side, load), description=said)
        self._live.refresh()

    def close(self) -> None:
        self._live.stop()


class Lasting:
    """Shows nothing more once it cannot: who looks on may leave, or have no room for it, and the
    measurement is not theirs to end."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._lost = False

    def show(self, run: Run) -> None:
        if self._lost:
            return
        try:
            self._shown.show(run)
        except OSError:
            self._lost = True

    def close(self) -> None:
        with suppress(OSError):
            self._shown.close()


def part(side: Side, load: Load) -> float:
    """How much of it is done."""
    if load.requests is not None:
        return side.totals.requests / load.requests
    return min(1.0, side.seconds / load.duration) if load.duration else 0.0


def standing(side: Side) -> str:
    """`A: 40 requests, 12.1/s, first token 42.0 ms, 310 tokens/s, 2 wrong`."""
    totals, seconds = side.totals, side.seconds
    if not seconds:
        return f"{side.target.name}: warming up"
    words = [counted(totals.requests, "request"), f"{digits(totals.right / seconds)}/s"]
    if recent := totals.first_token.values[-RECENT:]:
        words.append(f"first token {duration(sorted(recent)[len(recent) // 2])}")
    if totals.tokens:
        words.append(f"{digits(totals.tokens / seconds)} tokens/s")
    if totals.wrong:
        words.append(f"{totals.wrong} wrong")
    return f"{side.target.name}: {', '.join(words)}"
