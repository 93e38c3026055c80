"""What may be shown of what a server says."""

from dataclasses import replace

import pytest

from conformance_tests.judging.legible import MASK, legible, tidied
from conformance_tests.judging.markdown import INTERRUPTED, markdown
from conformance_tests.judging.page import page
from conformance_tests.judging.report import Case, Exchange, HttpMessage, Judged, Report
from conformance_tests.judging.verdicts import Verdict

KEY = "sk-1"
ANSWER = HttpMessage("HTTP/1.1 401 No", {"x-key": KEY}, f"not {KEY}\ud800\x1b[2J")
CASE = Case("", Verdict.FAIL, f"401: {KEY}", KEY, [Exchange(ANSWER, ANSWER)])
CHECK = Judged("openai/chat::x", "X", "It.", ["chat"], [], Verdict.FAIL, None, 0.1, [CASE])
REPORT = Report("http://s/v1", "m\u202e", "1", "2026-01-02T03:04:05Z", 1.0, {}, [CHECK])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – 漢字 🙂\n\tyes", "plain – 漢字 🙂\n\tyes"),
        ("\x1b[31m\r\x00", "\\x1b[31m\\r\\x00"),
        ("\ud83d \u202e", "\\ud83d \\u202e"),
    ],
)
def test_what_has_no_shape_is_escaped(text: str, shown: str) -> None:
    assert legible(text) == shown


def test_a_tidy_report_can_be_written_and_has_no_key() -> None:
    tidy = tidied(REPORT, KEY)
    for written in (tidy.to_json(), markdown(tidy), page(tidy)):
        assert KEY.encode() not in written.encode()
        assert MASK in written
        assert "\x1b" not in written
    assert tidy.checks[0].verdict is Verdict.FAIL
    assert Report.from_json(tidy.to_json()) == tidy


def test_an_interrupted_run_says_so() -> None:
    for written in (markdown, page):
        assert INTERRUPTED not in written(tidied(REPORT, None))
        assert INTERRUPTED in written(tidied(replace(REPORT, complete=False), None))
