"""Reports as short as tests need them."""

from conformance_tests.judging.report import Case, Judged, Report
from conformance_tests.judging.verdicts import Verdict

__all__ = ["judged", "report"]


def judged(id: str, verdict: str, rate: str | None = None, reason: str = "") -> Judged:
    case = Case("", Verdict(verdict), reason, reason)
    return Judged(
        f"openai/chat::{id}", id, "A fact.", ["chat"], [], Verdict(verdict), rate, 0.1, [case]
    )


def report(*checks: Judged, version: str = "1", model: str = "m") -> Report:
    return Report("http://h/v1", model, version, "2026-01-01T00:00:00Z", 1, {}, [*checks])
