"""`mochi bench`: how fast an OpenAI-compatible server answers, and whether it answers rightly."""

import errno
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from signal import Signals
from typing import TextIO

from gateway.commands import CommandFailed, animated
from gateway.commands.benching.arguments import plan
from gateway.commands.benching.histogram import drawn
from gateway.commands.benching.measuring import Run
from gateway.commands.benching.plan import Plan
from gateway.commands.benching.plotting import plotted, prepare
from gateway.commands.benching.progress import Bars, Lasting, Lines, Progress
from gateway.commands.benching.report import Report, as_json, report
from gateway.commands.benching.spelling import spelled
from gateway.commands.benching.tables import text
from gateway.commands.chat import root
from gateway.config import load
from gateway.serving.process import allow_descriptors
from gateway.serving.process import run as run_loop

__all__ = ["run"]


def run(arguments: Namespace) -> int:
    """Measures, and says what came of it; the exit status is that of `status`."""
    config = load({}, os.environ, Path.cwd(), arguments.config)
    wanted = plan(arguments, root(config, None), config.api_key)
    writable([arguments.json, arguments.plot])
    if arguments.plot not in (None, "-"):
        prepare()
    allow_descriptors(wanted.load.concurrency)
    started = datetime.now(UTC)
    measured = carried_out(wanted, progress(sys.stderr))
    result = report(measured, started)
    deliver(result, arguments.json, arguments.plot)
    return status(result, measured.ended_by)


def status(result: Report, ended_by: Signals | None) -> int:
    """0 if there were answers, all of them right, else 1. Whatever there was, after a signal it is
    what shells have for that: 130 for Ctrl-C, 143 for SIGTERM."""
    if ended_by:
        return 128 + ended_by
    right = all(each.figures.right and not each.figures.wrong for each in result.servers)
    return 0 if right else 1


def carried_out(wanted: Plan, shown: Progress) -> Run:
    measured: list[Run] = []

    async def measure() -> int:
        run = Run(wanted)
        measured.append(run)
        await run.measure(shown.show)
        return 0

    try:
        run_loop(measure())
    finally:
        shown.close()
    return measured[0]


def progress(output: TextIO) -> Progress:
    return Lasting(Bars(output) if animated(output, os.environ) else Lines(output))


def deliver(result: Report, json: str | None, plot: str | None) -> None:
    """The text goes to standard output, or makes room there for the JSON."""
    drawing = drawn(result) if plot == "-" else ""
    said = "\n".join(filter(None, (text(result), drawing)))
    if json == "-":
        with suppress(OSError):  # the JSON is the result, whoever can read the text
            say(said, sys.stderr)
        sys.stdout.buffer.write(as_json(result))  # UTF-8, whatever the locale
    else:
        say(said, sys.stdout)
    if json not in (None, "-"):
        try:
            Path(json).write_bytes(as_json(result))
        except OSError as error:
            raise CommandFailed(f"Cannot write {json!r}: {error.strerror}.") from None
    if plot not in (None, "-"):
        plotted(result, Path(plot))


def say(text: str, output: TextIO) -> None:
    print(spelled(text, output), end="", file=output)


def writable(files: Sequence[str | None]) -> None:
    """`CommandFailed` before anything is measured if a result could not be kept."""
    for file in files:
        if file in (None, "-"):
            continue
        try:
            permitted(Path(file).absolute())
        except OSError as error:
            raise CommandFailed(f"Cannot write {file!r}: {error.strerror}.", 2) from None


def permitted(path: Path) -> None:
    """`OSError` if it could not be written. To open it would tell more, but leave an empty file
    where there was none, and who reads from a pipe would take it for the end."""
    place = path
    try:
        path.stat()
    except FileNotFoundError:
        place = path.parent
        place.stat()
    if path.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not os.access(place, os.W_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
