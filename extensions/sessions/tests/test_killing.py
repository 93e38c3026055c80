"""A short run of `killing`; the long one is run by hand."""

from pathlib import Path

from extensions.sessions.tests.killing import kill_repeatedly


def test_no_kill_takes_what_was_acknowledged_or_brings_back_what_was_deleted(
    tmp_path: Path,
) -> None:
    report = kill_repeatedly(tmp_path, kills=8)
    assert report.faults == []
    assert report.acknowledged["append"] > 8
    assert report.cut_short.total() > 0
