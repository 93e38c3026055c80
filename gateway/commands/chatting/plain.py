"""A talk as plain text: for files, pipes, and terminals that want no colours."""

import sys
from collections.abc import Sequence
from typing import TextIO

from gateway.commands.chatting.display import clean, line_of

__all__ = ["Plain"]

THINKING = "thinking: "


class Plain:
    """Answers to standard output; all else to `aside`, which may be the same."""

    def __init__(self, aside: TextIO) -> None:
        self._aside = aside
        self._open: TextIO | None = None
        """Where a line is begun and not ended."""
        self._thinking = False

    def wait(self) -> None:
        return

    def say(self, piece: str) -> None:
        if self._thinking:
            self.settle()
        self._write(sys.stdout, clean(piece))

    def think(self, piece: str) -> None:
        """Every line of it says what it is, for there is no colour to say so."""
        text = clean(piece).replace("\n", f"\n{THINKING}")
        self._write(self._aside, text if self._thinking else f"{THINKING}{text}")
        self._thinking = True

    def settle(self) -> None:
        if self._open:
            print(file=self._open, flush=True)
        self._open, self._thinking = None, False

    def note(self, line: str) -> None:
        self.settle()
        print(line_of(line), file=self._aside, flush=True)

    def quote(self, line: str) -> None:
        self.note(line)

    def complain(self, line: str) -> None:
        self.note(f"mochi: {line}")

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.settle()
        lines = [headings, *([line_of(cell, 200) for cell in row] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            print("  ".join(map(str.ljust, line, widths)).rstrip(), file=self._aside)

    def _write(self, output: TextIO, text: str) -> None:
        if text:
            output.write(text)
            output.flush()
            self._open = None if text.endswith("\n") else output
