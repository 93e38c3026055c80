"""`python -m conformance_tests [--base-url URL --model NAME]`: pytest on this package."""

import sys

import pytest

OURS = [
    "-p",
    "conformance_tests.options",
    "-p",
    "no:cacheprovider",
    "--pyargs",
    "conformance_tests",
]

if __name__ == "__main__":
    sys.exit(pytest.main([*OURS, *sys.argv[1:]]))
