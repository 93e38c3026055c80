"""Pieces of HTML with gaps. Whatever is put into a gap is escaped, unless it is HTML already."""

import re
from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

__all__ = ["Html", "fill", "joined", "prose", "source"]


class Html(str):
    """Text that may stand in a page as it is."""


@cache
def source(name: str) -> str:
    """A file of this folder."""
    return files(__package__).joinpath(name).read_text("utf-8")


def fill(piece: str, **values: object) -> Html:
    """`piece.html` with its gaps (`$name`) filled; one that is forgotten is a `KeyError`."""
    inside = {
        name: value if isinstance(value, Html) else escape(str(value))
        for name, value in values.items()
    }
    return Html(Template(source(f"{piece}.html")).substitute(inside).rstrip("\n"))


def joined(pieces: Iterable[Html]) -> Html:
    return Html("\n".join(pieces))


def prose(text: str) -> Html:
    """What we wrote, its lines joined to paragraphs, and as code what backticks enclose."""
    paragraphs = re.sub(r"(?<!\n)\n(?!\n)", " ", text)
    return Html(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(paragraphs)))
