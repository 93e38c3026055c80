"""Progress: a bar that moves on a terminal, a line for each group of checks elsewhere."""

from collections import Counter
from typing import TextIO

from conformance_tests.judging.report import Judged
from conformance_tests.judging.verdicts import Verdict

__all__ = ["Bar", "Lines"]


class Lines:
    """For logs: how each module of checks came out, and what failed."""

    def __init__(self, output: TextIO) -> None:
        self.output = output
        self.module = ""
        self.counts: Counter[Verdict] = Counter()

    def begin(self, cases: int) -> None:
        print(f"{cases} cases to run.", file=self.output, flush=True)

    def running(self, module: str, title: str) -> None:
        if module != self.module:
            self.flush()
            self.module = module

    def judged(self, check: Judged) -> None:
        if check.id.partition("::")[0] != self.module:
            self.flush()
            self.module = check.id.partition("::")[0]
        self.counts[check.verdict] += 1
        if check.verdict is Verdict.FAIL:
            print(f"FAIL {check.id}: {check.reason}", file=self.output, flush=True)

    def flush(self) -> None:
        if self.counts:
            print(f"{self.module}: {told(self.counts)}", file=self.output, flush=True)
        self.counts.clear()

    def end(self) -> None:
        self.flush()


class Bar:
    """For people: a bar, the counts so far, and each failure as it comes."""

    def __init__(self, output: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        console = Console(file=output, force_terminal=True, highlight=False)
        columns = (SpinnerColumn(), BarColumn(30), TimeElapsedColumn())
        texts = (TextColumn("{task.fields[counts]}"), TextColumn("[dim]{task.description}"))
        self.progress = Progress(
            *columns,
            *texts,
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self.task = self.progress.add_task("starting", total=None, counts="")
        self.counts: Counter[Verdict] = Counter()

    def begin(self, cases: int) -> None:
        self.progress.update(self.task, total=cases)
        self.progress.start()

    def running(self, module: str, title: str) -> None:
        self.progress.update(self.task, advance=1, description=f"{module}: {title}")

    def judged(self, check: Judged) -> None:
        from rich.text import Text

        self.counts[check.verdict] += 1
        self.progress.update(self.task, counts=told(self.counts))
        if check.verdict is Verdict.FAIL:
            line = Text.assemble(("FAIL ", "bold red"), check.title, (f"  {check.id}", "dim"))
            self.progress.console.print(line)

    def end(self) -> None:
        self.progress.stop()


def told(counts: Counter[Verdict]) -> str:
    """`12 pass, 1 fail`, without what there is none of."""
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
