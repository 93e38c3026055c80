"""A report is the same after a file; anything else is no report."""

import pytest

from conformance_tests.judging.report import Case, Exchange, HttpMessage, Judged, NotAReport, Report
from conformance_tests.judging.verdicts import Verdict

REQUEST = HttpMessage("POST /v1/chat/completions HTTP/1.1", {"Host": "h"}, '{"model":"ü"}')
ANSWER = HttpMessage("HTTP/1.1 200 OK", {"Content-Type": "application/json"}, "{}", 12)
FAILED = Case("a", Verdict.FAIL, "1 != 2", "assert 1 == 2", [Exchange(REQUEST, ANSWER)])
SILENT = Case("b", Verdict.FAIL, "TimeoutError", "", [Exchange(REQUEST, None)])
CHECK = Judged(
    id="openai/stream::the_end_is_done",
    title="The end is done",
    fact="OpenAI API reference",
    profiles=["streaming"],
    rows=[24],
    verdict=Verdict.FAIL,
    rate=None,
    seconds=0.5,
    cases=[Case("c", Verdict.PASS), FAILED, SILENT],
)
REPORT = Report("http://h/v1", "m", "1", "2026-01-01T00:00:00Z", 1.5, {"python": "3.11"}, [CHECK])


def test_it_comes_back_as_it_was() -> None:
    assert Report.from_json(REPORT.to_json()) == REPORT


def test_the_reason_is_that_of_the_case_that_decided() -> None:
    assert CHECK.reason == "1 != 2"


def test_verdicts_are_counted_by_profile() -> None:
    assert REPORT.counts() == REPORT.counts("streaming") == {Verdict.FAIL: 1}
    assert REPORT.counts("chat") == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "checks": [{}]}'])
def test_anything_else_is_no_report(text: str) -> None:
    with pytest.raises(NotAReport):
        Report.from_json(text)
