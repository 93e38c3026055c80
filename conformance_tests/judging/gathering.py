"""What is noted of a case where it runs; it travels on pytest's reports, also between processes."""

import inspect
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from conformance_tests.judging.cooperation import RATE
from conformance_tests.judging.evidence import LIMIT, Record, recorder
from conformance_tests.judging.exchanges import exchanges_of
from conformance_tests.judging.profiles import PACKAGES, id_of, module_of, profiles_of
from conformance_tests.judging.report import Case, case_from
from conformance_tests.judging.verdicts import NotOffered, Verdict

__all__ = ["Gathering", "Note", "check_of", "note_of"]

ROOT = Path(__file__).parents[1]
MARK = pytest.StashKey[int]()


@dataclass(frozen=True)
class Note:
    """What one phase of a case (set-up, call, tear-down) has to say."""

    id: str
    fact: str
    place: int
    """Among all that was collected."""
    case: Case
    rate: tuple[int, int] | None = None


def check_of(item: pytest.Item) -> str | None:
    """The id of the check that this item is a case of; `None` for a test of something else."""
    path = item.path
    if path.parent.parent != ROOT or path.parent.name not in PACKAGES:
        return None
    module = module_of(path.parent.name, path.stem)
    return id_of(module, getattr(item, "originalname", item.name)) if profiles_of(module) else None


def note_of(report: pytest.TestReport) -> Note | None:
    """The note on this report, if it is about a check."""
    written = getattr(report, "conformance", None)
    if written is None:
        return None
    fields = json.loads(written)
    return Note(**{**fields, "case": case_from(fields["case"])})


class Gathering:
    """Follows the items of this process, and the exchanges that each of them leads to."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.made_by_fixtures: dict[str, list[Record]] = {}
        """What went out while a fixture was set up, perhaps for an earlier case."""

    def collected(self, items: list[pytest.Item]) -> None:
        self.places = {item.nodeid: place for place, item in enumerate(items)}

    def begins(self, item: pytest.Item) -> None:
        item.stash[MARK] = recorder.mark()

    def fixture_made(self, name: str, mark: int) -> None:
        self.made_by_fixtures[name] = recorder.since(mark)

    def annotate(
        self, item: pytest.Item, call: pytest.CallInfo[Any], report: pytest.TestReport
    ) -> None:
        """Write down on pytest's report what it means as a verdict."""
        id = check_of(item)
        if id is None:
            return
        case = case_of(item, call, report)
        if case.verdict is Verdict.FAIL:
            case = replace(case, exchanges=exchanges_of(self.evidence(item)))
        fact = inspect.getdoc(getattr(item, "function", None)) or ""
        rate = item.stash.get(RATE, None) if report.when == "call" else None
        note = Note(id, fact, self.places.get(item.nodeid, 0), case, rate)
        vars(report)["conformance"] = json.dumps(asdict(note))

    def evidence(self, item: pytest.Item) -> list[Record]:
        names = getattr(item, "fixturenames", ())
        of_fixtures = [r for name in names for r in self.made_by_fixtures.get(name, ())]
        return of_fixtures + recorder.since(item.stash.get(MARK, 0))


def case_of(item: pytest.Item, call: pytest.CallInfo[Any], report: pytest.TestReport) -> Case:
    name = item.callspec.id if hasattr(item, "callspec") else ""
    if report.passed or call.excinfo is None:
        return Case(name, Verdict.PASS)
    error = call.excinfo
    if report.skipped:
        verdict = Verdict.NOT_OFFERED if error.errisinstance(NotOffered) else Verdict.SKIPPED
        return Case(name, verdict, str(getattr(error.value, "msg", error.value)))
    difference, lines = cut(error.exconly(tryshort=True)), where(error)
    reason = first_line(difference)
    if reason == error.typename and lines:  # which says nothing by itself
        reason += " at " + lines[-1]
    return Case(name, Verdict.FAIL, reason, "\n".join([difference, *lines]))


def cut(difference: str) -> str:
    """Without the end of one that nobody would read, nor pytest's advice to whoever called it."""
    lines = [line for line in difference.split("\n") if "Use -v to get" not in line]
    text = "\n".join(lines).rstrip()
    return text if len(text) <= LIMIT else text[:LIMIT] + "…"


def first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 300 else line[:299] + "…"


def where(error: pytest.ExceptionInfo[BaseException]) -> list[str]:
    """The lines of the suite that led there, innermost last."""
    lines = [
        f"{entry.path.relative_to(ROOT.parent)}:{entry.lineno + 1}: {str(entry.statement).strip()}"
        for entry in error.traceback
        if isinstance(entry.path, Path) and entry.path.is_relative_to(ROOT)
    ]
    return [line.partition("\n")[0] for line in lines if "/judging/" not in line]
