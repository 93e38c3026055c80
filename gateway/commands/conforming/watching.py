"""Follows a run of the checks as a plugin of pytest, and tells a display of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, Protocol

from conformance_tests.judging.gathering import note_of
from conformance_tests.judging.plugin import Judging
from conformance_tests.judging.report import Judged, Report

if TYPE_CHECKING:
    import pytest

__all__ = ["Display", "Watching"]

P = ParamSpec("P")


class Display(Protocol):
    """Where progress is shown."""

    def begin(self, cases: int) -> None:
        """So many cases are to be run."""

    def running(self, module: str, title: str) -> None:
        """A case begins to count."""

    def judged(self, check: Judged) -> None:
        """There is a verdict on a check."""

    def end(self) -> None:
        """Nothing more comes."""


class Watching:
    """`report` is there once pytest has ended a session. It ends early when nothing can be shown
    any more, as on a pipe whose reader has left."""

    def __init__(self, display: Display) -> None:
        self.display = display
        self.judging: Judging | None = None
        self.current: str | None = None
        self.report: Report | None = None
        self.trouble: str | None = None
        """Why checks could not even be loaded."""
        self.unseen: OSError | None = None
        """Why nothing can be shown."""
        self._session: pytest.Session | None = None

    def pytest_collectreport(self, report: "pytest.CollectReport") -> None:
        if report.failed:
            self.trouble = str(report.longrepr).strip().splitlines()[-1]

    def pytest_collection_finish(self, session: "pytest.Session") -> None:
        plugin = session.config.pluginmanager.get_plugin("conformance-judging")
        self.judging = plugin if isinstance(plugin, Judging) else None
        self._session = session
        self._show(self.display.begin, len(session.items))

    def pytest_runtest_logreport(self, report: "pytest.TestReport") -> None:
        note = note_of(report)
        if note is None or report.when != "setup":
            return
        if note.id != self.current:
            self.judged()
            self.current = note.id
        module, _, check = note.id.partition("::")
        self._show(self.display.running, module, check.replace("_", " "))

    def pytest_sessionfinish(self) -> None:
        self.judged()
        self._show(self.display.end)
        self.report = self.judging.report() if self.judging else None

    def judged(self) -> None:
        """The check that ran until now is done."""
        if self.judging and self.current:
            check = self.judging.collecting.checks[self.current].judged()
            self._show(self.display.judged, self.judging.tidied(check))

    def _show(self, step: Callable[P, None], *args: P.args, **named: P.kwargs) -> None:
        if self.unseen:
            return
        try:
            step(*args, **named)
        except OSError as error:
            self.unseen = error
            if self._session:
                self._session.shouldstop = "nothing can be shown any more"
