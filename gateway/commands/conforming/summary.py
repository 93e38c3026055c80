"""What stands at the end of a run: a table by profile, and what failed and why."""

from collections.abc import Iterator

from conformance_tests.judging.profiles import PROFILES
from conformance_tests.judging.report import Judged, Report
from conformance_tests.judging.verdicts import Verdict

__all__ = ["summary"]


def summary(report: Report) -> Iterator[str]:
    yield f"{report.server}, model {report.model}, suite {report.suite_version}"
    yield ""
    yield from table(report)
    yield ""
    for check in report.checks:
        if check.verdict is Verdict.FAIL:
            yield from failure(check)
    total = len(report.checks)
    yield f"{total} {'check' if total == 1 else 'checks'} in {report.seconds:.0f} s."


def table(report: Report) -> Iterator[str]:
    width = max(map(len, PROFILES))
    yield f"{'':{width}}" + "".join(f"{verdict:>13}" for verdict in Verdict)
    for name in (*PROFILES, None):
        counts = report.counts(name)
        if counts:
            numbers = "".join(f"{counts[verdict] or '·':>13}" for verdict in Verdict)
            yield f"{name or 'all':{width}}{numbers}"


def failure(check: Judged) -> Iterator[str]:
    failed = [case for case in check.cases if case.verdict is Verdict.FAIL]
    cases = f", {len(failed)} of {len(check.cases)} cases" if len(check.cases) > 1 else ""
    rate = f", {check.rate} went well" if check.rate else ""
    yield f"FAIL {check.title} ({check.id}{cases}{rate})"
    yield f"     {check.reason}"
    if check.fact:
        yield "     It rests on: " + " ".join(check.fact.split())
    yield ""
