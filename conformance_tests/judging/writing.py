"""A report as files: for programs, for a bug tracker, for a browser."""

from pathlib import Path

from conformance_tests.judging.markdown import markdown
from conformance_tests.judging.page import page
from conformance_tests.judging.report import Report

__all__ = ["write"]


def write(report: Report, folder: Path) -> None:
    """`report.json`, `report.md` and `index.html` in this folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(report.to_json(), "utf-8")
    (folder / "report.md").write_text(markdown(report), "utf-8")
    (folder / "index.html").write_text(page(report), "utf-8")
