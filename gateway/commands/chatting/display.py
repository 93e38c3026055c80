"""What a talk needs of a screen, and what of a model's text a terminal may see."""

import json
import re
from collections.abc import Sequence
from typing import Protocol

__all__ = ["Display", "clean", "line_of", "visible"]

# All that a terminal obeys, or that makes text look other than it is: control characters but for
# tab and line feed, and the characters that turn the direction of what follows them.
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

# Letters and marks by Unicode's categories that show nothing.
BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


class Display(Protocol):
    """Shows answers piece by piece, and lines about them. All text may be anybody's."""

    def wait(self) -> None:
        """An answer was asked for, and nothing of it is here yet."""

    def say(self, piece: str) -> None:
        """A piece of the answer, in Markdown."""

    def think(self, piece: str) -> None:
        """A piece of what goes before the answer."""

    def settle(self) -> None:
        """Nothing follows on what was shown: the next text begins on a new line."""

    def note(self, line: str) -> None:
        """Something by the way."""

    def quote(self, line: str) -> None:
        """Something of which every character counts."""

    def complain(self, line: str) -> None:
        """Something went wrong."""

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None: ...


def clean(text: str) -> str:
    """The text without what a terminal would obey."""
    return OBEYED.sub("", text)


def visible(text: str) -> str:
    """The text with each character that does not show as one spelled as in JSON, `\\u001b`."""
    return "".join(
        character
        if character.isprintable() and not BLANK.match(character)
        else json.dumps(character)[1:-1]
        for character in text
    )


def line_of(text: str, width: int | None = None) -> str:
    """The text on one line, of at most so many characters."""
    line = re.sub(r"[\n\t]+", " ", clean(text).strip())
    return line if width is None or len(line) <= width else f"{line[: width - 1]}…"
