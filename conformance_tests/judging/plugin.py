"""The pytest plugin: which checks run, what is noted of them, and the report at the end.

With pytest-xdist the workers note, and the process that commands them collects and writes.
"""

import time
from collections.abc import Generator
from datetime import UTC, datetime
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest

from conformance_tests.judging import SUITE_VERSION
from conformance_tests.judging.collecting import Collecting
from conformance_tests.judging.cooperation import RATE, cooperation_of, tried
from conformance_tests.judging.evidence import recorder
from conformance_tests.judging.gathering import Gathering, check_of
from conformance_tests.judging.legible import tidied
from conformance_tests.judging.profiles import profiles_of
from conformance_tests.judging.report import Judged, Report
from conformance_tests.judging.versions import versions
from conformance_tests.judging.writing import write
from conformance_tests.options import Options, options_of

__all__ = ["Judging"]


class Judging:
    """All of it, for one run of pytest."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.gathering, self.collecting = Gathering(), Collecting()
        self.complete = True
        self.started, self.clock = datetime.now(UTC), time.monotonic()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        if self.options.profile:
            left_out = [item for item in items if not chosen(item, self.options.profile)]
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]
        self.gathering.collected(items)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None]:
        self.gathering.begins(item)
        yield

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        mark = recorder.mark()
        try:
            return (yield)
        finally:
            self.gathering.fixture_made(fixturedef.argname, mark)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        wanted = cooperation_of(pyfuncitem)
        if wanted is None:
            return None
        if iscoroutinefunction(pyfuncitem.obj):
            raise pytest.UsageError(f"{pyfuncitem.name}: only plain functions are tried again")
        names = pyfuncitem._fixtureinfo.argnames
        given = {name: pyfuncitem.funcargs[name] for name in names}
        rate, failure = tried(lambda: pyfuncitem.obj(**given), wanted)
        pyfuncitem.stash[RATE] = rate
        if failure is not None:
            raise failure
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        self.gathering.annotate(item, call, report)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.collecting.take(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        self.complete = False

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        commands = not hasattr(session.config, "workerinput")
        if commands and self.options.report and not session.config.option.collectonly:
            write(self.report(), Path(self.options.report))

    def tidied(self, check: Judged) -> Judged:
        """As it may be shown."""
        return tidied(check, self.options.api_key)

    def report(self) -> Report:
        report = Report(
            server=self.options.base_url or "mochi gateway on its simulator",
            model=self.options.model or "demo",
            suite_version=SUITE_VERSION,
            started=self.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            seconds=round(time.monotonic() - self.clock, 2),
            versions=versions(self.options),
            checks=self.collecting.judged(),
            complete=self.complete,
        )
        return tidied(report, self.options.api_key)


def chosen(item: pytest.Item, profiles: list[str]) -> bool:
    id = check_of(item)
    return id is not None and not {*profiles}.isdisjoint(profiles_of(id.partition("::")[0]))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Judging(options_of(config)), "conformance-judging")
