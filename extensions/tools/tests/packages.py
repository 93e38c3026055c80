"""Packages of tools for tests, and what is left of the processes that ran them."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

from gateway.core.messages import ToolCall

__all__ = ["alive", "called", "descriptors", "eventually", "package"]


def package(folder: Path, name: str, code: str) -> Path:
    """Write a package of tools; returns the folder of all."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "__init__.py").write_text(dedent(code), "utf-8")
    return folder


def called(name: str, **arguments: object) -> ToolCall:
    return ToolCall(id="call_0", name=name, arguments=arguments)


def alive(pid: int) -> bool:
    """Whether there is such a process that is more than a zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def descriptors() -> set[str]:
    """What this process has open; but for the null device, one of which uvloop keeps."""
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the listing's own
            found.add(f"{fd} {os.readlink(f'/proc/self/fd/{fd}')}")
    return {each for each in found if not each.endswith("/dev/null")}


def eventually(true: Callable[[], bool], seconds: float = 5) -> bool:
    """Whether it becomes true; blocks meanwhile."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
