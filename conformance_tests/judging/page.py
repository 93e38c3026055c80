"""The report as a page."""

from html import escape

from conformance_tests.judging.report import Report

__all__ = ["page"]


def page(report: Report) -> str:
    rows = "".join(f"<li>{escape(check.title)}: {check.verdict}</li>" for check in report.checks)
    return f"<!doctype html><title>{escape(report.server)}</title><ul>{rows}</ul>\n"
