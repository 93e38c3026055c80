"""From the notes of all cases to the verdicts on all checks."""

from dataclasses import dataclass, field

import pytest

from conformance_tests.judging.cooperation import Rate
from conformance_tests.judging.gathering import Note, note_of
from conformance_tests.judging.profiles import profiles_of, title_of
from conformance_tests.judging.report import Case, Judged
from conformance_tests.judging.verdicts import Verdict, verdict_of_cases
from conformance_tests.rows import ROWS

__all__ = ["Collecting"]


@dataclass
class Gathered:
    """A check while its cases come in, each under pytest's id of it."""

    note: Note
    cases: dict[str, tuple[int, Case]] = field(default_factory=dict)
    rates: list[Rate] = field(default_factory=list)
    seconds: float = 0

    def take(self, item: str, note: Note, seconds: float) -> None:
        _, before = self.cases.get(item, (0, note.case))
        after = note.case if worse(note.case.verdict, before.verdict) else before
        self.cases[item] = note.place, after
        self.seconds += seconds
        if note.rate:
            self.rates.append(Rate(*note.rate))

    def judged(self) -> Judged:
        cases = [case for _, case in sorted(self.cases.values(), key=lambda placed: placed[0])]
        id = self.note.id
        rate = Rate(sum(r.well for r in self.rates), sum(r.times for r in self.rates))
        return Judged(
            id=id,
            title=title_of(id),
            fact=self.note.fact,
            profiles=list(profiles_of(id.partition("::")[0])),
            rows=[number for number, row in ROWS.items() if names(id) in row.tests],
            verdict=verdict_of_cases(case.verdict for case in cases),
            rate=str(rate) if self.rates else None,
            seconds=round(self.seconds, 3),
            cases=cases,
        )


class Collecting:
    """Takes pytest's reports from wherever they come."""

    def __init__(self) -> None:
        self.checks: dict[str, Gathered] = {}

    def take(self, report: pytest.TestReport) -> Note | None:
        note = note_of(report)
        if note is not None:
            gathered = self.checks.setdefault(note.id, Gathered(note))
            gathered.take(report.nodeid, note, report.duration)
        return note

    def judged(self) -> list[Judged]:
        """The checks in the order in which they stand in the suite."""
        placed = [(min(place for place, _ in g.cases.values()), g) for g in self.checks.values()]
        return [gathered.judged() for _, gathered in sorted(placed, key=lambda pair: pair[0])]


def worse(one: Verdict, other: Verdict) -> bool:
    """Whether a phase takes precedence: a skip over the passes around it, a failure over all."""
    order = [Verdict.PASS, Verdict.SKIPPED, Verdict.NOT_OFFERED, Verdict.FAIL]
    return order.index(one) > order.index(other)


def names(id: str) -> str:
    """The check as the table of faults names it."""
    module, _, check = id.partition("::")
    return f"{module}::test_{check}"
