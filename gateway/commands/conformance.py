"""`mochi conformance`: what an OpenAI-compatible server does, and what it only says it does."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, TextIO

from gateway.commands import CommandFailed, animated

if TYPE_CHECKING:
    from conformance_tests.judging.report import Report

__all__ = ["run"]

NEEDED = "pip install 'mochi-gateway[conformance]'"
PASSED_ON = (
    *("base_url", "model", "api_key", "tools_model", "thinking_model", "vision_model"),
    *("embedding_model", "insert_model", "failing_model", "patience", "report"),
)
INTERRUPTED = 2
"""What pytest ends with after Ctrl-C."""


def run(arguments: Namespace) -> int:
    if find_spec("pytest") is None:
        raise CommandFailed(f"Conformance needs pytest: {NEEDED}", 2)
    if arguments.action == "diff":
        return compare(arguments)
    known(arguments.profile or [])
    sensible(arguments)
    if find_spec("openai") is None:
        print(
            f"mochi: openai is missing, so checks with it are left out: {NEEDED}", file=sys.stderr
        )
    if arguments.report:
        make_folder(Path(arguments.report))
    if arguments.base_url:
        find_models(arguments)
    elif arguments.model:
        raise CommandFailed("--model needs --base-url: our own gateway is asked for its own.", 2)
    report = judged(arguments)
    return 1 if any(check.verdict == "fail" for check in report.checks) else 0


def known(profiles: list[str]) -> None:
    from conformance_tests.judging.profiles import PROFILES

    for name in profiles:
        if name not in PROFILES:
            raise CommandFailed(
                f"There is no profile {name!r}; there are {', '.join(PROFILES)}.", 2
            )


def sensible(arguments: Namespace) -> None:
    """Refuse what would make every check of any server fail, or judge another one than is meant."""
    for name in PASSED_ON:
        if getattr(arguments, name) == "":
            raise CommandFailed(f"--{name.replace('_', '-')} is empty.", 2)
    patience, key = arguments.patience, arguments.api_key
    if patience is not None and not 0 < patience < float("inf"):
        raise CommandFailed("--patience is a number of seconds above 0.", 2)
    if key is not None and not (key.isascii() and key.isprintable()):
        raise CommandFailed("--api-key has a character that no header can have.", 2)


def make_folder(path: Path) -> None:
    """Before the run rather than after it: whether the report has a place."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=path).close()  # who may do everything is told that it may write anywhere
    except OSError as error:
        raise CommandFailed(f"No report can be written in {path}: {error.strerror}.", 2) from None


def find_models(arguments: Namespace) -> None:
    """Ask the server for the names of models that nobody has given, and say which were taken."""
    from conformance_tests.judging.legible import legible
    from conformance_tests.judging.preflight import (
        CannotJudge,
        check_model,
        first_model,
        is_embedding,
        models_of,
    )

    try:
        names = models_of(arguments.base_url, arguments.api_key)
        if not arguments.model:
            arguments.model = first_model(arguments.base_url, names)
            first = legible(arguments.model)
            print(f"Asking for {first}, the first that is listed; --model names another.")
        for model in (arguments.model, arguments.tools_model):
            if model and names and not {model, f"{model}:latest"} & {*names}:
                check_model(arguments.base_url, arguments.api_key, model, names)
    except CannotJudge as error:
        raise CommandFailed(legible(str(error)), 2) from None
    if not arguments.embedding_model:
        arguments.embedding_model = next(filter(is_embedding, names or ()), None)


def judged(arguments: Namespace) -> "Report":
    """Run the checks, show what comes out of them, and write the report where one is wanted."""
    from conformance_tests.judging.running import judge
    from gateway.commands.conforming.displays import Bar, Lines
    from gateway.commands.conforming.summary import summary
    from gateway.commands.conforming.watching import Watching

    with own_output() as output:
        display = Bar(output) if animated(sys.stdout, os.environ) else Lines(output)
        watching = Watching(display)
        status = judge(options(arguments), [watching])
        if watching.unseen:
            raise watching.unseen
    if status == INTERRUPTED and not watching.trouble:
        if arguments.report:
            print(f"What there is of the report: {Path(arguments.report, 'index.html')}")
        raise KeyboardInterrupt
    report = watching.report
    if report is None or watching.trouble:
        raise CommandFailed(watching.trouble or f"pytest ended with status {int(status)}.", 2)
    if not report.checks:
        raise CommandFailed("No check was run.", 2)
    print(*summary(report), sep="\n")
    if arguments.report:
        print(f"The whole report: {Path(arguments.report, 'index.html')}")
    return report


def options(arguments: Namespace) -> list[str]:
    """As pytest is told of them."""
    given = [(name.replace("_", "-"), getattr(arguments, name)) for name in PASSED_ON]
    told = [f"--{name}={value}" for name, value in given if value is not None]
    return told + [f"--profile={name}" for name in arguments.profile or ()]


@contextmanager
def own_output() -> Iterator[TextIO]:
    """Standard output as it is now: pytest takes it away while tests run."""
    sys.stdout.flush()
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="replace") as output:
        yield output


def compare(arguments: Namespace) -> int:
    """Show what the second report has that the first has not; 1 if something got worse."""
    from conformance_tests.judging.difference import difference

    found = difference(read(arguments.before), read(arguments.after))
    print(*found.lines(), sep="\n")
    if arguments.written:
        try:
            Path(arguments.written).write_text(found.markdown(), "utf-8")
        except OSError as error:
            raise CommandFailed(f"{arguments.written}: {error.strerror}", 2) from None
    return 1 if found.worse else 0


def read(file: str) -> "Report":
    from conformance_tests.judging.legible import tidied
    from conformance_tests.judging.report import NotAReport, Report

    try:
        report = Report.from_json(Path(file).read_text("utf-8"))
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}", 2) from None
    except (NotAReport, UnicodeDecodeError, RecursionError) as error:
        raise CommandFailed(f"{file}: {error}", 2) from None
    if not report.complete or not report.checks:
        raise CommandFailed(f"{file}: the run was interrupted, so nothing can be compared.", 2)
    return tidied(report, None)
