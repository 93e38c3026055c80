"""A short run of `killing`; the long one is run by hand."""

from pathlib import Path

from extensions.responses.tests import killing
from extensions.tests.killing import kill_repeatedly


def test_no_kill_takes_what_was_acknowledged_and_nothing_runs_for_ever(tmp_path: Path) -> None:
    report = kill_repeatedly(killing.KeptResponses, killing.__name__, tmp_path, kills=8)
    assert report.faults == []
    assert report.acknowledged["create"] > 8
    assert report.acknowledged["begin"] > 0
    assert report.cut_short.total() > 0
