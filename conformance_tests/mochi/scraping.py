"""Reading what `/metrics` says, with no more than the text format promises."""

import re
import time
from collections.abc import Callable

from conformance_tests.wire import Server

__all__ = ["Scrape", "scrape", "scrape_until"]

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Scrape:
    """One answer: its text, and the value of each sample."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples: list[tuple[str, dict[str, str], float]] = []
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            found = SAMPLE.match(line)
            assert found, f"no sample: {line!r}"
            name, labels, value = found.groups()
            self.samples.append((name, dict(LABEL.findall(labels or "")), float(value)))

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of this name that have these labels."""
        return sum(
            value
            for found, with_labels, value in self.samples
            if found == name and labels.items() <= with_labels.items()
        )


def scrape(root: Server) -> Scrape:
    answer = root.get("/metrics")
    assert answer.status == 200, answer.body[:500]
    return Scrape(answer.body.decode())


def scrape_until(root: Server, happened: Callable[[Scrape], bool]) -> Scrape:
    """The first scrape in which that has happened: what ends an answer is counted just after it."""
    deadline = time.monotonic() + 5
    while not happened(seen := scrape(root)):
        assert time.monotonic() < deadline, seen.text
        time.sleep(0.02)
    return seen
