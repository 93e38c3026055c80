"""`python -m conformance_tests.judging.table report.json [--check] [--readme FILE]`.

Writes the compatibility table of the README from a run, between its two markers; with `--check` it
only says whether the table is what the run would write. There are counts in it and no timings, so
that two runs write the same.
"""

import re
import sys
from argparse import ArgumentParser
from pathlib import Path

from conformance_tests.judging.markdown import counts_table
from conformance_tests.judging.report import NotAReport, Report

__all__ = ["main", "table", "with_table"]

BEGIN, END = "<!-- conformance -->\n", "<!-- end -->"
PLACE = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)


def table(report: Report) -> str:
    lines = list(counts_table(report))
    return "\n".join([f"Suite {report.suite_version}, {report.server}:", "", *lines]) + "\n"


def with_table(readme: str, report: Report) -> str:
    """The README with this table in its place; `ValueError` where there is no place, or two."""
    if len(PLACE.findall(readme)) != 1:
        raise ValueError(f"there is not one place between {BEGIN.strip()} and {END}")
    return PLACE.sub(lambda _: f"{BEGIN}{table(report)}{END}", readme)


def main(argv: list[str] | None = None) -> int:
    parser = ArgumentParser(prog="python -m conformance_tests.judging.table")
    parser.add_argument("report", type=Path)
    parser.add_argument("--readme", type=Path, default=Path("README.md"))
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if it is stale")
    arguments = parser.parse_args(argv)
    try:
        report = Report.from_json(arguments.report.read_text("utf-8"))
        before = arguments.readme.read_text("utf-8")
        after = with_table(before, report)
    except (OSError, NotAReport, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    if not arguments.check:
        arguments.readme.write_text(after, "utf-8")
    elif before != after:
        print(f"{arguments.readme} is stale: it should say\n\n{table(report)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
