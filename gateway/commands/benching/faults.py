"""What can be wrong with an answer: its kind, by which it is counted, and an example."""

import msgspec
from msgspec import Struct

__all__ = ["MALFORMED", "Fault", "Wrong", "example", "not_as_expected"]

SHOWN = 300
MALFORMED = (ValueError, RecursionError)
"""What a decoder raises: the latter where arrays are nested some thousand deep."""


class Fault(Struct, frozen=True):
    """`kind` is a few words that many answers can share: `status 429`, `no [DONE]`."""

    kind: str
    example: str


class Wrong(Exception):
    """An answer is not what it has to be."""

    def __init__(self, kind: str, seen: bytes | str = "") -> None:
        super().__init__(kind)
        self.fault = Fault(kind, example(seen))


def example(seen: bytes | str) -> str:
    """One line of it, for people: no control characters, and no more than fits."""
    text = seen.decode("utf-8", "replace") if isinstance(seen, bytes) else seen
    text = "".join(each if each.isprintable() else " " for each in text[: SHOWN + 1]).strip()
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def not_as_expected(error: Exception, data: bytes) -> Wrong:
    """JSON whose parts are not what they should be, or no JSON."""
    if isinstance(error, msgspec.ValidationError):
        return Wrong("unexpected JSON", f"{error}: {data.decode('utf-8', 'replace')}")
    return Wrong("not JSON", data)
