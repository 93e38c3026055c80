"""The CPU time of a server: of its process, and of all those that it has started."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

__all__ = ["CpuTime", "cpu_times", "spent", "tree"]

PROC = Path("/proc")
NANOSECONDS = 1e9
TICK = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01


class CpuTime(Struct, frozen=True):
    """User and system time of a process so far: `seconds` as exactly as they are known, and `ticks`
    of the clock for the same; `waited` are the ticks of children that ended and were waited for,
    with those of theirs."""

    seconds: float
    ticks: int
    waited: int


CpuTimes = Mapping[tuple[int, str], CpuTime]
"""By process: its number, and when it began, as a number may be given again."""


def tree(pid: int) -> list[int]:
    """The process and its descendants; `FileNotFoundError` if there is no such process (or no
    `/proc`, as on macOS and Windows)."""
    if not (PROC / str(pid)).exists():
        raise FileNotFoundError(f"There is no process {pid} under {PROC}.")
    found, next_ones = [], [pid]
    while next_ones:
        found.append(each := next_ones.pop())
        for thread in (PROC / str(each) / "task").glob("*/children"):
            next_ones.extend(map(int, said_by(thread).split()))
    return found


def cpu_times(pid: int) -> CpuTimes:
    """Of the whole tree. Children come before their parents: one that ends meanwhile is then among
    those that were waited for."""
    return dict(filter(None, map(of_one, reversed(tree(pid)))))


def spent(before: CpuTimes, after: CpuTimes) -> float | None:
    """Seconds between two looks at a tree; None if, as far as can be told, processes of the
    first are gone and nobody in the tree has waited for them."""
    gone = sum(time.ticks for process, time in before.items() if process not in after)
    ended = waited(after) - waited(before) - gone
    if ended < 0:
        return None
    unborn = CpuTime(0, 0, 0)
    lasting = (
        max(0.0, now.seconds - before.get(process, unborn).seconds)  # less is by coarse ticks
        for process, now in after.items()
    )
    return ended * TICK + sum(lasting)


def waited(times: CpuTimes) -> int:
    return sum(time.waited for time in times.values())


def of_one(pid: int) -> tuple[tuple[int, str], CpuTime] | None:
    """None if it has ended meanwhile. By the scheduler's nanoseconds while its threads live; clock
    ticks also know those that have ended, so whichever is more, but for the coarseness of ticks."""
    threads = (PROC / str(pid) / "task").glob("*/schedstat")
    exact = sum(int(said.split()[0]) for each in threads if (said := said_by(each))) / NANOSECONDS
    fields = said_by(PROC / str(pid) / "stat").rpartition(")")[2].split()
    if not fields:
        return None
    user, system, waited_user, waited_system = map(int, fields[11:15])
    ticks = user + system
    seconds = exact if exact > (ticks - 3) * TICK else ticks * TICK
    return (pid, fields[19]), CpuTime(seconds, ticks, waited_user + waited_system)


def said_by(path: Path) -> str:
    """What is in the file; nothing if the process has ended meanwhile."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
