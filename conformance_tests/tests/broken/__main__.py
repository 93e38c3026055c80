"""`python -m conformance_tests.tests.broken [ROW …]`: the whole suite at each broken server.

Says what differs from `rows` and `consequences`. All rows take a quarter of an hour.
"""

import sys

from conformance_tests.rows import ROWS
from conformance_tests.tests.broken.consequences import CONSEQUENCES
from conformance_tests.tests.broken.judgement import failing
from conformance_tests.tests.broken.server import base_url, broken_server

SUITE = ("openai", "sdk")
CHANCE = {"openai/robustness::test_no_corruption_of_the_bytes_is_a_failure"}
"""Whether they meet a fault is another matter each time."""


def compare(row: int, failed: set[str]) -> bool:
    """Whether just that fails which is said to fail; 0 is a server without a defect."""
    said = {*ROWS[row].outside, *CONSEQUENCES[row]} if row else set()
    print(f"{row}: {len(failed)} checks fail", flush=True)
    for sign, checks in (("+", failed - said - CHANCE), ("-", said - failed)):
        for check in sorted(checks):
            print(f"  {sign} {check}", flush=True)
    return failed - CHANCE == said


def main(rows: list[int]) -> bool:
    with broken_server() as port:
        right = [compare(row, {*failing(base_url(port, row), SUITE)}) for row in rows]
    return all(right)


if __name__ == "__main__":
    sys.exit(not main([int(row) for row in sys.argv[1:]] or [0, *ROWS]))
