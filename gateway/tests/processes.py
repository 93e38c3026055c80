"""`mochi …` as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

__all__ = ["ROOT", "mochi", "port_in", "said_until"]

ROOT = Path(__file__).parents[2]


@contextmanager
def mochi(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Ended by its id when the block is left, and after half a minute whatever it does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOCHI_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=ROOT,
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    timer = Timer(30, process.kill)
    timer.start()
    try:
        yield process
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def said_until(process: subprocess.Popen[str], text: str) -> str:
    """What the process says, up to the first line that holds `text`."""
    assert process.stdout
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            break
    return "".join(lines)


def port_in(said: str) -> int:
    return int(said.split("http://127.0.0.1:")[1].split("/")[0].split(".")[0])
