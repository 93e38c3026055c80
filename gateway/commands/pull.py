"""`mochi pull`: a model from Ollama's library, with a bar for each of its layers."""

import os
import sys
from argparse import Namespace
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from adapters.ollama.library import PullStep, printable, pull
from gateway.commands import CommandFailed, animated
from gateway.commands.models import size, trouble
from gateway.config import Config, load
from gateway.core.errors import BackendFailed, MochiError, NotFound

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["Lines", "run"]

STOPPED = "Stopped. What was fetched is kept: the same command goes on from there."


class Display(Protocol):
    """Shows what Ollama is doing."""

    def show(self, step: PullStep) -> None: ...


def run(arguments: Namespace) -> int:
    flags = {"ollama_host": arguments.ollama_host}
    config = load(flags, os.environ, Path.cwd(), arguments.config)
    try:
        fetch(config, arguments.name)
    except KeyboardInterrupt:
        print(f"\nmochi: {STOPPED}", file=sys.stderr)
        return 130
    except MochiError as error:
        raise CommandFailed(complaint(config, error)) from None
    name = printable(arguments.name)
    print(f'{name} is here. With `mochi serve`, ask for it as model="{name}".')
    return 0


def fetch(config: Config, name: str) -> None:
    with shown(sys.stdout) as display, closing(pull(config.ollama_host, name)) as steps:
        for step in steps:
            display.show(step)


def shown(output: TextIO) -> AbstractContextManager[Display]:
    return bars() if animated(output, os.environ) else nullcontext(Lines())


def complaint(config: Config, error: MochiError) -> str:
    match error:
        case NotFound() | BackendFailed():
            return error.message
        case _:
            return trouble(config, error)


class Lines:
    """A line for each step, and for each tenth of a layer."""

    def __init__(self) -> None:
        self._last = ""
        self._tenths: dict[str, int] = {}

    def show(self, step: PullStep) -> None:
        if line := self._line(step):
            print(line, flush=True)

    def _line(self, step: PullStep) -> str:
        if not step.layer:
            said, self._last = self._last, step.status
            return step.status if step.status != said else ""
        tenth = 10 * step.completed // step.total if step.total else 0
        before = self._tenths.get(step.layer)
        self._tenths[step.layer] = tenth
        if before is None:
            return f"{step.status}: {size(step.total)}{here_already(step)}"
        return f"{step.status}: {10 * tenth} %" if tenth > before else ""


def here_already(step: PullStep) -> str:
    """What an earlier pull has left behind."""
    if step.total and step.completed == step.total:
        return ", here already"
    return f", going on at {size(step.completed)}" if step.completed else ""


def bars() -> AbstractContextManager[Display]:
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    return Bars(progress)


class Bars:
    """A bar for each layer, and above them a line for each other step."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._layers: dict[str, TaskID] = {}

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, step: PullStep) -> None:
        if not step.layer:
            self._progress.console.print(step.status, markup=False, highlight=False)
        elif (task := self._layers.get(step.layer)) is None:
            self._layers[step.layer] = self._progress.add_task(
                f"{step.status}{here_already(step)}", total=step.total, completed=step.completed
            )
        else:
            self._progress.update(task, completed=step.completed)
