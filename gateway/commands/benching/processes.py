"""The CPU time of a server: of its process, and of all those that it has started."""

import os
from pathlib import Path

__all__ = ["cpu_seconds", "tree"]

PROC = Path("/proc")
NANOSECONDS = 1e9


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


def cpu_seconds(pid: int) -> float:
    """User and system time so far of the whole tree."""
    return sum(map(of_one, tree(pid)))


def of_one(pid: int) -> float:
    """By the scheduler's nanoseconds while its threads live; clock ticks also know those that have
    ended, so whichever is more, but for the coarseness of ticks."""
    threads = (PROC / str(pid) / "task").glob("*/schedstat")
    exact = sum(int(said.split()[0]) for each in threads if (said := said_by(each)))
    fields = said_by(PROC / str(pid) / "stat").rpartition(")")[2].split()
    if not fields:
        return exact / NANOSECONDS
    tick = 1 / os.sysconf("SC_CLK_TCK")
    ticks = (int(fields[11]) + int(fields[12])) * tick
    return exact / NANOSECONDS if exact / NANOSECONDS > ticks - 3 * tick else ticks


def said_by(path: Path) -> str:
    """What is in the file; nothing if the process has ended meanwhile."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
