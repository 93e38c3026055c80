"""The tags between which models think, and how an answer may begin with them."""

from typing import Final

from adapters.repair.harmony import BEGINNINGS
from adapters.repair.scanning import Reading, Source, Words

__all__ = ["BARE_ANALYSIS", "CLOSERS", "OPENED", "opening"]

CLOSERS: Final = {
    "<think>": ("</think>", "</thinking>"),
    "<thinking>": ("</thinking>", "</think>"),
    "[think]": ("[/THINK]",),
}
"""The closing tags, by the opening one in lower case."""

OPENED: Final = ("</think>", "</thinking>", "[/THINK]")
"""What may close thoughts that the prompt's template opened."""

BARE_ANALYSIS: Final = "analysis"
"""The name of harmony's channel for thoughts, its special tokens stripped."""

_OPENERS: Final = Words(*CLOSERS, *BEGINNINGS, BARE_ANALYSIS)


def opening(source: Source, *, harmony: bool) -> Reading[str]:
    """The tag with which an answer begins, `""` if with none; white space before it is passed over.

    The bare word counts only where a capital follows without a space, as in `analysisThe user…`,
    unless the model is known to write `harmony`: other models begin sentences with it.
    """
    yield from source.blank()
    tag = yield from source.here(_OPENERS)
    if tag == BARE_ANALYSIS and not harmony and not (yield from source.peek()).isupper():
        return ""
    return tag
