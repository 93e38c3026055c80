"""What is left for the next start."""

from pathlib import Path

import pytest

from extensions.summaries.backlog import NAME, Backlog


def test_what_was_put_is_taken_once(tmp_path: Path) -> None:
    backlog = Backlog(tmp_path)
    assert backlog.take() == []
    backlog.put(["0f1e2d3c4b", "other"])
    backlog.put(["0f1e2d3c4b"])
    assert Backlog(tmp_path).take() == ["0f1e2d3c4b"]
    assert backlog.take() == []
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_no_file(tmp_path: Path) -> None:
    backlog = Backlog(tmp_path)
    backlog.put([])
    backlog.put(["a"])
    backlog.put([])
    assert list(tmp_path.iterdir()) == []


def test_ids_that_no_session_has_are_left_out(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"../../etc/passwd\nfine\n\xff\xfe\n")
    assert Backlog(tmp_path).take() == ["fine"]


def test_a_folder_that_cannot_be_used_is_only_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAME).mkdir()
    backlog = Backlog(tmp_path)
    backlog.put(["a"])
    assert backlog.take() == []
    assert len(caplog.records) == 2
