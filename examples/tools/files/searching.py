"""Finds lines by their words: the more of the words a line has, and the rarer, the higher."""

import math
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .folder import root, text_in

__all__ = ["Match", "found"]

MOST_FILES = 2_000
MOST_CHARACTERS = 50_000_000
SHOWN = 200

WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Match:
    path: str
    line: int
    text: str
    words: frozenset[str]

    def __str__(self) -> str:
        text = self.text.strip()
        return f"{self.path}:{self.line}: {text[:SHOWN]}{'…' if len(text) > SHOWN else ''}"


def found(query: str, most: int) -> list[Match]:
    """The best matches; equally good ones by file and line."""
    wanted = frozenset(WORD.findall(query.casefold()))
    if not wanted:
        raise ValueError("the query has no words")
    matches = [match for path, text in texts() for match in matches_in(path, text, wanted)]
    lines_with = Counter(word for match in matches for word in match.words)

    def score(match: Match) -> float:
        return sum(1 + math.log(len(matches) / lines_with[word]) for word in match.words)

    return sorted(matches, key=lambda match: (-score(match), match.path, match.line))[:most]


def matches_in(path: str, text: str, wanted: frozenset[str]) -> Iterator[Match]:
    for number, line in enumerate(text.split("\n"), 1):
        if words := wanted.intersection(WORD.findall(line.casefold())):
            yield Match(path, number, line, words)


def texts() -> Iterator[tuple[str, str]]:
    """Path and content of every text file, up to a limit. What is no text is passed over."""
    top, room, files = root().resolve(), MOST_CHARACTERS, 0
    if not top.is_dir():
        return
    for place, folders, names, folder in os.fwalk(top):  # does not follow links
        folders.sort()
        for name in sorted(names):
            if files == MOST_FILES or room <= 0:
                return
            path = (Path(place) / name).relative_to(top).as_posix()
            try:
                text = text_in(name, folder, path)
            except (OSError, ValueError):
                continue
            files, room = files + 1, room - len(text)
            yield path, text
