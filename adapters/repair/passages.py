"""The grammar of an answer: thoughts first, then text, with calls anywhere between."""

import re
from collections.abc import Callable
from functools import cache
from typing import Final, TypeVar

from adapters.repair import harmony, loose
from adapters.repair.calls import Calls
from adapters.repair.families import FAMILIES
from adapters.repair.scanning import Overlong, Reading, Source, Words
from adapters.repair.thinking import BARE_ANALYSIS, CLOSERS, OPENED, opening
from adapters.repair.written import Block
from gateway.core.events import ChatEvent, TextDelta, ThinkingDelta
from gateway.core.notes import Notes

__all__ = ["Kind", "Passages"]

T = TypeVar("T")
Kind = type[TextDelta] | type[ThinkingDelta]

_LOOSE: Final = ("{", "[", "```")
_LONGEST_BLOCK: Final = 256 * 1024
_LONGEST_LOOSE: Final = 64 * 1024
_WIDEST_MARGIN: Final = 64
_NEWLINES: Final = re.compile(r"[\r\n]*")
# Where these end a passage they begin the next one too, and are left for it.
_KEPT: Final = frozenset(harmony.BEGINNINGS + harmony.BARE)

# An end counts only inside of a message whose header was understood.
_IN_MESSAGE: Final = harmony.BEGINNINGS + harmony.ENDS

_words = cache(Words)

# The first characters of every word that means something wherever it stands, and those of words
# that mean something only where an answer begins.
_SUSPECT: Final = _words(*FAMILIES, *harmony.BEGINNINGS, *CLOSERS, *_LOOSE).starts
_BARE: Final = BARE_ANALYSIS[0].lower() + BARE_ANALYSIS[0].upper()


class Passages:
    """Reads one answer from `source` and gives its events to `out`.

    `text` and `thoughts` are the two readers, for what Ollama sent as the one or the other; all
    else is what they consist of. White space between calls, and between a call and either end of
    the text, is markup: the margin. It is held until it is clear that it is none.
    """

    def __init__(self, calls: Calls, notes: Notes, *, opened: bool, prefers: str) -> None:
        self.source = Source()
        self.out: list[ChatEvent] = []
        self.kind: Kind = TextDelta
        """What is being read, as Ollama sent it."""
        self.starts: Callable[[str], object] | None = None
        """While nothing is held: whether a text must be read at all, or may pass as it is."""
        self.idle = False
        self.begun = False
        """Something other than white space has come."""
        self.opened = opened
        self.said = ""
        """The prose so far, but only until it is too long to stand before a call without marker."""
        self._calls = calls
        self._notes = notes
        self._prefers = prefers
        self._margin = True
        self._spoken: tuple[str, ...] = ()
        """The words of harmony that mean something now, if the answer began in it."""

    def plain(self, text: str) -> bool:
        """Whether this text, with which nothing is held, needs no reading: nearly no answer's does.

        What follows is read as soon as it could begin a marker.
        """
        if _SUSPECT(text):
            return False
        if not self.begun:
            words = text.lstrip()
            if self.opened or not words or words[0] in _BARE:
                return False
            self.begun = True
            self._margin = False
        if self._margin or self._spoken:
            return False
        if self._calls.offered:
            if len(self.said) <= loose.SHORT:
                self.said += text
            self.starts = _SUSPECT
        else:
            self.idle = True
        return True

    def text(self) -> Reading[None]:
        """The answer itself, or more of it."""
        self.kind = TextDelta
        if not self.begun:
            yield from self._opening()
        if self._calls.offered or self._spoken:
            yield from self._passage(TextDelta)
        else:
            self.idle = self.begun
            self.out.extend(self.source.take(len(self.source.text)))

    def thoughts(self) -> Reading[None]:
        """Reasoning that Ollama has split off, so that the text does not begin with any."""
        self.kind = ThinkingDelta
        self.opened = False
        if self._calls.offered:
            yield from self._passage(ThinkingDelta)
        else:
            self.idle = True
            self.out.extend(self.source.take(len(self.source.text)))

    def settle(self) -> None:
        """Give out a margin at the end of a text, or drop it behind a call."""
        pieces = self.source.take(len(self.source.text))
        if not (self._margin and self._calls.made):
            self.out.extend(pieces)
        self.source = Source()

    def _opening(self) -> Reading[None]:
        source = self.source
        if self.opened:
            self.opened = False
            yield from self._thinking("<think>", OPENED)
        while tag := (yield from opening(source, harmony=self._prefers == "harmony")):
            self.begun = True
            if tag in harmony.BEGINNINGS:
                self._spoken = harmony.BEGINNINGS
                break
            source.take(source.at)
            if tag == BARE_ANALYSIS:
                self._spoken = harmony.BARE
                yield from self._analysis()
                return
            yield from self._thinking(tag, CLOSERS[tag])
        self.begun = self.begun or source.at < len(source.text)
        source.at = 0

    def _thinking(self, tag: str, closers: tuple[str, ...]) -> Reading[None]:
        """From behind the opening tag, or from before it, to behind the closing one."""
        self._notes.repair("think")
        yield from self._newlines()
        if (yield from self.source.here(_words(tag))):
            yield from self._newlines()
        yield from self._passage(ThinkingDelta, closers)
        yield from self._newlines()

    def _newlines(self) -> Reading[None]:
        yield from self.source.over(_NEWLINES)
        self.source.take(self.source.at)

    def _passage(self, kind: Kind, closers: tuple[str, ...] = ()) -> Reading[None]:
        """Give out what comes as text or thoughts, with the calls in it, up to behind a closer."""
        source = self.source
        closing = frozenset(closer.lower() for closer in closers)
        while True:
            words = self._words(kind, closers)
            ended = source.ended
            start, word = words.search(source.text, source.at, ended=ended)
            self._give(start, kind)
            if word in closing:
                if word not in _KEPT:
                    source.take(source.at + len(word))
                return
            if word:
                source.at += len(word)
                yield from self._marked(word, kind)
            elif ended:
                return
            else:
                yield from self._more(words, kind)

    def _words(self, kind: Kind, closers: tuple[str, ...]) -> Words:
        """The words that mean something here."""
        words = closers
        if self._calls.offered:
            words += (*FAMILIES, *harmony.BEGINNINGS)
        if kind is TextDelta:
            words += self._spoken
            if self._calls.offered and len(self.said) <= loose.SHORT:
                words += _LOOSE
        return _words(*words)

    def _more(self, words: Words, kind: Kind) -> Reading[None]:
        """Wait. What comes meanwhile need not be read, if nothing is held and it begins no word."""
        margin = self._margin and kind is TextDelta
        if kind is self.kind and not margin and not self.source.text:
            self.starts = words.starts
        yield from self.source.more()

    def _give(self, size: int, kind: Kind) -> None:
        """Give out the first `size` characters, which are surely not part of any markup."""
        source = self.source
        if kind is ThinkingDelta:
            pieces = source.take(size)
            self.out.extend([ThinkingDelta(piece.text) for piece in pieces if piece.text])
            return
        before = source.text[:size]
        if self._margin and size <= _WIDEST_MARGIN and not before.strip():
            source.at = size
            return
        self._margin = False
        if len(self.said) <= loose.SHORT:
            self.said += before
        self.out.extend(source.take(size))

    def _marked(self, word: str, kind: Kind) -> Reading[None]:
        """What a word announces, from behind it on."""
        source, offered = self.source, self._calls.offered
        if word in FAMILIES:
            yield from self._block(FAMILIES[word](source, offered), kind)
        elif word in _LOOSE:
            yield from self._loose(word)
        elif word in harmony.BEGINNINGS or word == "assistantcommentary":
            yield from self._message(word, kind)
        else:
            source.take(source.at)
            if word in harmony.ENDS:
                self._spoken = harmony.BEGINNINGS
            elif word == "assistantanalysis":
                yield from self._analysis()

    def _loose(self, word: str) -> Reading[None]:
        source = self.source
        behind = source.at
        before = self.said + source.text[: behind - len(word)]
        in_line = before.rpartition("\n")[2].strip()
        in_fence = before.count("```") % 2
        if len(before) > loose.SHORT or in_line or in_fence:
            self._give(behind, TextDelta)
            return
        source.at -= len(word)
        reading = loose.read(source, self._calls.offered, self.said)
        yield from self._block(reading, TextDelta, limit=_LONGEST_LOOSE, least=behind)

    def _message(self, word: str, kind: Kind) -> Reading[None]:
        """A message of harmony's: a call, thoughts, or text without its header."""
        source, offered = self.source, self._calls.offered
        if self._spoken == _IN_MESSAGE:
            self._spoken = harmony.BEGINNINGS
        header = yield from self._within(harmony.HEADER, harmony.header(source, word))
        if header and header.recipient and offered:
            yield from self._block(harmony.body(source, offered, header.recipient), kind)
        elif header is None or header.recipient or not self._spoken or kind is ThinkingDelta:
            self._give(source.at, kind)
        else:
            self._notes.repair("harmony")
            source.take(source.at)
            if header.channel == "analysis":
                yield from self._analysis()
                return
            if self._spoken == harmony.BEGINNINGS:
                self._spoken = _IN_MESSAGE
            if header.channel == "commentary" and offered:
                yield from self._block(harmony.naked(source, offered), kind)

    def _analysis(self) -> Reading[None]:
        """Harmony's thoughts, up to where its next message begins."""
        self._notes.repair("think")
        bare = self._spoken == harmony.BARE
        yield from self._passage(ThinkingDelta, harmony.BARE if bare else _IN_MESSAGE)

    def _block(
        self,
        reading: Reading[Block | None],
        kind: Kind,
        *,
        limit: int = _LONGEST_BLOCK,
        least: int = 0,
    ) -> Reading[None]:
        """Calls, or the text that turned out to be none."""
        source = self.source
        calls = self._calls.promoted((yield from self._within(limit, reading)))
        if calls:
            self.out.extend(calls)
            source.take(source.at)
            self._margin = self._margin or kind is TextDelta
        else:
            source.at = max(source.at, least)
            self._give(source.at, kind)

    def _within(self, limit: int, reading: Reading[T | None]) -> Reading[T | None]:
        """What is read; `None`, and all that is allowed passed over, if it is too long."""
        self.source.narrow(limit)
        try:
            return (yield from reading)
        except Overlong:
            self.source.at = len(self.source.text)
            return None
        finally:
            self.source.widen()
