"""What Ollama says when something fails: unwrapped, and made fit to be shown."""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

__all__ = ["Complaint", "complaint"]

_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


class Complaint(Struct, frozen=True):
    """The innermost text (`""` when there is none), and what llama-server said beside it: its
    `kind` (`exceed_context_size_error`) and its `counts` of tokens."""

    text: str = ""
    kind: str = ""
    counts: dict[str, int] = {}

    @property
    def clue(self) -> str:
        """What the patterns are looked for in."""
        return f"{self.text}\n{self.kind}" if self.kind else self.text

    @property
    def shown(self) -> str:
        """At most 500 printable characters that tell nothing of the machine Ollama runs on."""
        return _shown(self.text)


def complaint(error: object) -> Complaint:
    """Read the `error` of a body or of a line.

    At Ollama it is a text, at others an object. The text may be all of llama-server's own error,
    as JSON or printed by Go from a map.
    """
    match error:
        case {"error": dict() as inner}:
            return complaint(inner)
        case {"message": str(text), **rest} | {"error": str(text), **rest}:
            kind = rest.get("type")
            counts = {name: n for name in _COUNTS if isinstance(n := rest.get(name), int)}
            return Complaint(text, kind if isinstance(kind, str) else "", counts or _counts(text))
        case str(text) if text.startswith("{"):
            try:
                return complaint(_decode_object(text))
            except (ValueError, RecursionError):
                return Complaint(text)
        case str(text):
            if found := _GO_MAP.search(text):
                return Complaint(found["message"], found["type"], _named(found))
            return Complaint(text, "", _counts(text))
    return Complaint()


_COUNTS = ("n_prompt_tokens", "n_ctx")

# Go prints the keys of a map in their order.
_GO_MAP = re.compile(
    r"map\[(?:code:\d+ )?message:(?P<message>.*?)"
    r"(?: n_ctx:(?P<n_ctx>\d+))?(?: n_prompt_tokens:(?P<n_prompt_tokens>\d+))?"
    r" type:(?P<type>\w+)\]",
    re.DOTALL,
)
_OVERFLOW = re.compile(
    r"\((?P<n_prompt_tokens>\d+) tokens\) exceeds [\w ]*\((?P<n_ctx>\d+) tokens\)"
)


def _counts(text: str) -> dict[str, int]:
    found = _OVERFLOW.search(text)
    return _named(found) if found else {}


def _named(found: re.Match[str]) -> dict[str, int]:
    return {name: int(found[name]) for name in _COUNTS if found[name]}


_LIMIT: Final = 500
_HIDDEN: Final = (
    "(a text that is not shown because it names files or is a page; Ollama's log has it)"
)
_MARKUP = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_PATH = re.compile(r"(?<![\w/.#])/[\w.~@+-]+/[\w.~@+-]|\b[A-Za-z]:\\|\\\\\w")
_USERINFO = re.compile(r"://[^/\s@]*@")


def _shown(text: str) -> str:
    text = text[: 8 * _LIMIT]
    if _MARKUP.search(text) or _PATH.search(text):
        return _HIDDEN
    text = "".join([char if char.isprintable() else " " for char in text])
    return _USERINFO.sub("://", " ".join(text.split()))[:_LIMIT]
