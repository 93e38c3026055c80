"""Text that is read while it still comes: a piece that is not whole yet is waited for.

Readers are generators. They run on whatever text is there and yield when they need more, so a
grammar reads from top to bottom, and what it decides cannot depend on how the stream was cut.
"""

import re
from collections import deque
from collections.abc import Generator
from typing import Final, TypeVar

from gateway.core.events import TextDelta, ThinkingDelta

__all__ = ["Overlong", "Piece", "Reading", "Source", "Words"]

T = TypeVar("T")
Reading = Generator[None, None, T]
"""Yields while it waits for text; returns what it read."""

Piece = TextDelta | ThinkingDelta

_BLANK: Final = re.compile(r"\s*")
_NAME: Final = re.compile(r"[\w.:/-]*")


class Overlong(Exception):
    """What is being read is longer than its limit."""


class Words:
    """A set of words, found in a text in any mixture of capitals, the longest one first."""

    __slots__ = ("_beginnings", "_first", "_longest", "_whole", "starts")

    def __init__(self, *words: str) -> None:
        by_length = sorted(words, key=len, reverse=True)
        firsts = "".join({re.escape(c) for w in words for c in (w[0].lower(), w[0].upper())})
        self._longest = len(by_length[0])
        self._beginnings = frozenset(w[:n].lower() for w in words for n in range(1, len(w)))
        self._first = re.compile(f"[{firsts}]")
        self._whole = re.compile("|".join(map(re.escape, by_length)), re.IGNORECASE | re.ASCII)
        self.starts = self._first.search
        """Whether a text has the first character of any word."""

    def at(self, text: str, position: int, *, ended: bool) -> str | None:
        """The word there in lower case, `""` when there is none, `None` while it may yet be one."""
        piece = text[position : position + self._longest].lower()
        if not ended and (not piece or piece in self._beginnings):
            return None
        found = self._whole.match(text, position)
        return found.group().lower() if found else ""

    def search(self, text: str, position: int, *, ended: bool) -> tuple[int, str]:
        """Where the next word begins, and the word, `""` while it is not whole or not there."""
        for first in self._first.finditer(text, position):
            word = self.at(text, first.start(), ended=ended)
            if word is None:
                return first.start(), ""
            if word:
                return first.start(), word
        return len(text), ""


class Source:
    """Text as far as it has come, and a place in it.

    `text` begins with what was not yet given out; `at` is the reader's place. `cut` says that the
    text ended because the model had no tokens left, not because it was done.
    """

    __slots__ = ("_later", "_limit", "_pieces", "_whole", "at", "cut", "text")

    def __init__(self) -> None:
        self.text = ""
        self.at = 0
        self.cut = False
        self._whole = False
        self._limit: int | None = None
        self._later = ""
        self._pieces: deque[Piece] = deque()

    @property
    def ended(self) -> bool:
        """No more text will come."""
        return self._whole and not self._later

    def push(self, piece: Piece) -> None:
        self._pieces.append(piece)
        if self._limit is None:
            self.text += piece.text
        else:
            self._later += piece.text
            self._fill(self._limit)

    def end(self, *, cut: bool) -> None:
        self._whole = True
        self.cut = cut

    def narrow(self, limit: int) -> None:
        """Show no more than `limit` characters, however many are there; `Overlong` behind them."""
        self._limit = limit
        self._later = self.text[limit:]
        self.text = self.text[:limit]

    def widen(self) -> None:
        self._limit = None
        self.text += self._later
        self._later = ""

    def _fill(self, limit: int) -> None:
        room = limit - len(self.text)
        self.text += self._later[:room]
        self._later = self._later[room:]

    def take(self, size: int) -> list[Piece]:
        """The first `size` characters, in the pieces that they came in."""
        self.text = self.text[size:]
        self.at = max(0, self.at - size)
        taken: list[Piece] = []
        while self._pieces and (length := len(self._pieces[0].text)) <= size:
            taken.append(self._pieces.popleft())
            size -= length
        if size:
            head, self._pieces[0] = _split(self._pieces[0], size)
            taken.append(head)
        return taken

    def more(self) -> Reading[bool]:
        """Wait for more text; False when there is none to come."""
        size = len(self.text)
        while len(self.text) == size:
            if self.ended:
                return False
            if size == self._limit:
                raise Overlong
            yield
        return True

    def blank(self) -> Reading[None]:
        """Pass over white space."""
        yield from self._over(_BLANK)

    def name(self) -> Reading[str]:
        """Pass over what can be the name of a tool, maybe nothing."""
        start = self.at
        yield from self._over(_NAME)
        return self.text[start : self.at]

    def over(self, pattern: re.Pattern[str]) -> Reading[None]:
        """Pass over `pattern`, the repetition of a set of characters."""
        yield from self._over(pattern)

    def _over(self, pattern: re.Pattern[str]) -> Reading[None]:
        while True:
            if found := pattern.match(self.text, self.at):
                self.at = found.end()
            if self.at < len(self.text) or not (yield from self.more()):
                return

    def peek(self) -> Reading[str]:
        """The character here, `""` at the end."""
        if self.at == len(self.text) and not (yield from self.more()):
            return ""
        return self.text[self.at]

    def here(self, words: Words) -> Reading[str]:
        """Pass over the word that stands here; `""` if none of them does."""
        while (word := words.at(self.text, self.at, ended=self.ended)) is None:
            yield from self.more()
        self.at += len(word)
        return word

    def until(self, words: Words) -> Reading[tuple[str, str]]:
        """Pass over all before the first word, and over the word; it is `""` at the end."""
        start = self.at
        while True:
            ended = self.ended
            self.at, word = words.search(self.text, self.at, ended=ended)
            if word or ended:
                before = self.text[start : self.at]
                self.at += len(word)
                return before, word
            yield from self.more()


def _split(piece: Piece, size: int) -> tuple[Piece, Piece]:
    """A piece in two. A token belongs where it begins."""
    head, tail = piece.text[:size], piece.text[size:]
    if isinstance(piece, ThinkingDelta):
        return ThinkingDelta(head), ThinkingDelta(tail)
    begin = count = 0
    for token in piece.logprobs:
        if begin >= size:
            break
        begin += len(token.token)
        count += 1
    return TextDelta(head, piece.logprobs[:count]), TextDelta(tail, piece.logprobs[count:])
