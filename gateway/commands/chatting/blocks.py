"""Markdown that arrives in pieces, cut where one block of it is finished and the next begins."""

import re

__all__ = ["Blocks"]

FENCE = re.compile(r"\s*(`{3,}|~{3,})(.*)")


class Blocks:
    """Text comes in by `add`, which gives the blocks that no later text can change.

    A block ends at an empty line, outside of fenced code; a line that is indented still belongs to
    it, as the second paragraph of a list item does. What is not finished is `rest`.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._begun = ""
        self._fence = ""
        """The marks around the code we are in; `""` outside."""
        self._opening = ""
        """The line with the first of them."""

    @property
    def rest(self) -> str:
        return "\n".join([*self._lines, self._begun]).rstrip()

    def tail(self, height: int) -> str:
        """The end of `rest`, enough for a screen of so many lines. Code stays code."""
        lines = [*self._lines, self._begun]
        if len(lines) <= height:
            return self.rest
        opening = [self._opening] if self._fence else []
        return "\n".join([*opening, *lines[-height:]]).rstrip()

    def add(self, piece: str) -> list[str]:
        *whole, self._begun = (self._begun + piece).split("\n")
        finished = []
        for line in whole:
            finished += self._cut_before(line)
            self._keep(line)
        return finished + self._cut_before(self._begun)

    def end(self) -> str:
        """Nothing follows: what was not finished is."""
        rest = self.rest
        self._lines, self._begun, self._fence = [], "", ""
        return rest

    def _cut_before(self, line: str) -> list[str]:
        """What is finished because a line begins like this."""
        after_gap = bool(self._lines) and not self._lines[-1].strip()
        if self._fence or not after_gap or not line or line[0].isspace():
            return []
        block, self._lines = "\n".join(self._lines).strip("\n"), []
        return [block] if block else []

    def _keep(self, line: str) -> None:
        self._lines.append(line)
        if not (found := FENCE.fullmatch(line)):
            return
        marks, info = found.groups()
        if not self._fence:
            if "`" not in info:  # else it is code within a line
                self._fence, self._opening = marks, line
        elif marks.startswith(self._fence) and not info.strip():
            self._fence = ""
