"""What changed between two reports: what a version of a server broke, and what it mended."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from conformance_tests.judging.report import Judged, Report
from conformance_tests.judging.verdicts import Verdict

__all__ = ["Change", "Difference", "difference"]

RANKS = {Verdict.FAIL: 0, Verdict.SKIPPED: 1, Verdict.NOT_OFFERED: 1, Verdict.PASS: 2}


@dataclass(frozen=True)
class Change:
    """A check whose verdict, or whose rate, is another one now."""

    before: Judged
    after: Judged

    @property
    def line(self) -> str:
        why = f": {self.after.reason}" if self.after.reason else ""
        return (
            f"{self.after.title} ({self.after.id}): {said(self.before)} → {said(self.after)}{why}"
        )


@dataclass(frozen=True)
class Difference:
    """Of two runs, the second seen from the first."""

    worse: list[Change] = field(default_factory=list)
    better: list[Change] = field(default_factory=list)
    other: list[Change] = field(default_factory=list)
    """From skipped to not offered and back: nothing that was shown, before or after."""
    new: list[Judged] = field(default_factory=list)
    gone: list[Judged] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What makes the two hard to compare."""

    def markdown(self) -> str:
        return "\n".join(self.lines()) + "\n"

    def lines(self) -> Iterator[str]:
        yield from self.notes
        for name, changes in (
            ("Worse", self.worse),
            ("Better", self.better),
            ("Other", self.other),
        ):
            yield from section(name, [change.line for change in changes])
        for name, checks in (("New", self.new), ("Gone", self.gone)):
            yield from section(name, [f"{c.title} ({c.id}): {said(c)}" for c in checks])
        if not (self.worse or self.better or self.other or self.new or self.gone):
            yield "Nothing changed."


def difference(before: Report, after: Report) -> Difference:
    known, found = ({c.id: c for c in report.checks} for report in (before, after))
    changes = [Change(known[id], found[id]) for id in found if id in known]
    return Difference(
        worse=[change for change in changes if rank(change.after) < rank(change.before)],
        better=[change for change in changes if rank(change.after) > rank(change.before)],
        other=[
            change
            for change in changes
            if rank(change.after) == rank(change.before)
            and change.after.verdict is not change.before.verdict
        ],
        new=[check for id, check in found.items() if id not in known],
        gone=[check for id, check in known.items() if id not in found],
        notes=list(notes(before, after)),
    )


def notes(before: Report, after: Report) -> Iterator[str]:
    if before.suite_version != after.suite_version:
        yield f"The suite itself changed, from {before.suite_version} to {after.suite_version}."
    if before.model != after.model:
        yield f"The model changed, from {before.model} to {after.model}."


def rank(check: Judged) -> int:
    return RANKS[check.verdict]


def said(check: Judged) -> str:
    return f"{check.verdict} {check.rate}" if check.rate else check.verdict


def section(name: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"{name}:"
        yield from (f"- {line}" for line in lines)
