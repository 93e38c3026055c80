"""The report as Markdown: each failure is a section that can be pasted into a bug report."""

import re
from collections.abc import Iterator

from conformance_tests.judging.profiles import PROFILES
from conformance_tests.judging.report import Case, Exchange, HttpMessage, Judged, Report
from conformance_tests.judging.verdicts import Verdict
from conformance_tests.rows import ROWS

__all__ = ["INTERRUPTED", "counts_table", "markdown"]

INTERRUPTED = "The run was interrupted: these are not all of the checks."

CASES = 5
"""Failed cases that are shown of a check; more of them seldom say more."""


def markdown(report: Report) -> str:
    return "\n".join([*heading(report), *counts_table(report), "", *details(report)]) + "\n"


def heading(report: Report) -> Iterator[str]:
    yield f"# Conformance of {report.server}"
    yield ""
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    yield f"Model `{report.model}`, suite {report.suite_version}, {report.started}, "
    yield f"{len(report.checks)} checks in {report.seconds:.0f} s ({versions})."
    yield ""
    if not report.complete:
        yield from (f"**{INTERRUPTED}**", "")


def counts_table(report: Report) -> Iterator[str]:
    """A line for each profile that was run, and one for all."""
    yield "| profile | pass | fail | not offered | skipped |"
    yield "| --- | --- | --- | --- | --- |"
    for name in [*PROFILES, None]:
        counts = report.counts(name)
        if counts:
            numbers = " | ".join(str(counts[verdict]) for verdict in Verdict)
            yield f"| {name or '**all checks**'} | {numbers} |"


def details(report: Report) -> Iterator[str]:
    by_verdict = {v: [c for c in report.checks if c.verdict is v] for v in Verdict}
    for check in by_verdict[Verdict.FAIL]:
        yield from failure(check)
    for verdict in (Verdict.NOT_OFFERED, Verdict.SKIPPED):
        if by_verdict[verdict]:
            yield f"## {verdict.capitalize()}"
            yield ""
            yield from by_reason(by_verdict[verdict])
            yield ""


def by_reason(checks: list[Judged]) -> Iterator[str]:
    """A line for each reason: a route that is not there is one for many checks."""
    reasons: dict[str, list[str]] = {}
    for check in checks:
        reasons.setdefault(check.reason, []).append(check.id)
    for reason, ids in reasons.items():
        yield f"- {reason} ({len(ids)}): {', '.join(f'`{id}`' for id in ids)}"


def failure(check: Judged) -> Iterator[str]:
    yield f"## {check.title}"
    yield ""
    yield f"`{check.id}` failed" + (f", {check.rate} went well." if check.rate else ".")
    yield ""
    yield f"It rests on: {check.fact}"
    for number in check.rows:
        yield f"- Known fault {number}: {ROWS[number].fault} ({ROWS[number].seen})"
    yield ""
    failed = [case for case in check.cases if case.verdict is Verdict.FAIL]
    for case in failed[:CASES]:
        yield from of_case(case)
    if failed[CASES:]:
        yield from (f"And {len(failed) - CASES} more cases, in report.json.", "")


def of_case(case: Case) -> Iterator[str]:
    if case.name:
        yield from (f"### {case.name}", "")
    yield from fenced(case.difference)
    for exchange in case.exchanges[-3:]:
        yield from of_exchange(exchange)


def of_exchange(exchange: Exchange) -> Iterator[str]:
    yield from fenced(written(exchange.request), "http")
    if exchange.answer is None:
        yield from ("No answer began.", "")
    else:
        yield from fenced(written(exchange.answer), "http")


def written(message: HttpMessage) -> str:
    headers = [f"{name}: {value}" for name, value in message.headers.items()]
    more = [f"… and {message.left_out} more bytes"] if message.left_out else []
    return "\n".join([message.line, *headers, "", message.body, *more]).rstrip()


def fenced(text: str, language: str = "") -> Iterator[str]:
    """A fence that is longer than any inside."""
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    yield from (fence + language, text, fence, "")
