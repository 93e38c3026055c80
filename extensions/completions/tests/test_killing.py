"""A short run of `killing`; the long one is run by hand."""

from pathlib import Path

from extensions.completions.tests import killing
from extensions.tests.killing import kill_repeatedly


def test_no_kill_takes_what_was_acknowledged(tmp_path: Path) -> None:
    report = kill_repeatedly(killing.KeptCompletions, killing.__name__, tmp_path, kills=8)
    assert report.faults == []
    assert report.acknowledged["create"] > 8
    assert report.acknowledged["update"] > 0
    assert report.cut_short.total() > 0
