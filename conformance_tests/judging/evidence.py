"""The exchanges with the server under test, kept as they go by, shown when a check fails."""

import itertools
import threading
from collections import deque
from dataclasses import dataclass, field

__all__ = ["KEPT", "LIMIT", "Record", "Recorder", "recorder"]

LIMIT = 4096
"""Bytes of a body that are kept."""

KEPT = 20
"""Exchanges that are kept of a case: the last ones."""


@dataclass
class Record:
    """An exchange while it goes on. Whoever reads the answer adds to it."""

    number: int
    head: bytes
    """Of the request: its line and its headers, the key among them."""
    body: bytes
    left_out: int = 0
    status: str = ""
    """The line of the answer; empty until it begins."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    answer: bytearray = field(default_factory=bytearray)
    answer_left_out: int = 0

    def begins(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status, self.headers = status, headers

    def goes_on(self, piece: bytes) -> None:
        room = max(LIMIT - len(self.answer), 0)
        self.answer += piece[:room]
        self.answer_left_out += max(len(piece) - room, 0)


class Recorder:
    """The latest exchanges of this process; requests may go out from several threads."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.latest: deque[Record] = deque(maxlen=KEPT)
        self.lock = threading.Lock()

    def sent(self, raw: bytes) -> Record:
        """A request goes out."""
        head, _, body = raw.partition(b"\r\n\r\n")
        record = Record(0, head, body[:LIMIT], max(len(body) - LIMIT, 0))
        with self.lock:
            record.number = next(self.numbers)
            self.latest.append(record)
        return record

    def mark(self) -> int:
        """The number before the next exchange; `since` has what came after it."""
        with self.lock:
            return self.latest[-1].number if self.latest else 0

    def since(self, mark: int) -> list[Record]:
        with self.lock:
            return [record for record in self.latest if record.number > mark]


recorder = Recorder()
"""Of this process: whatever `wire.Server` sends is told here."""
