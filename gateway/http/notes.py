"""What was done to a request, told in headers; and, once those are gone, in a comment."""

import re
from collections.abc import Sequence

from gateway.core.notes import Notes

__all__ = ["note_comment", "note_headers", "noted"]

MOST_NAMES = 32

# The names are the caller's own, and could be anything.
UNFIT = re.compile(r"[^A-Za-z0-9_.\[\]-]")

Headers = list[tuple[bytes, bytes]]


def note_headers(notes: Notes) -> Headers:
    """The headers for what is known by now."""
    headers: Headers = []
    if notes.num_ctx is not None:
        headers.append((b"x-mochi-num-ctx", b"%d" % notes.num_ctx))
    if notes.ignored:
        headers.append((b"x-mochi-ignored", listed([*notes.ignored])))
    if notes.repairs or notes.retries:
        headers += late_headers(notes)
    return headers


def noted(notes: Notes) -> dict[str, str]:
    """The same headers as Litestar takes them."""
    return {name.decode(): value.decode() for name, value in note_headers(notes)}


def note_comment(notes: Notes, told: Notes) -> bytes:
    """What came to be known after the headers had told `told`, as comments of an event stream."""
    if notes.retries == told.retries and len(notes.repairs) == len(told.repairs):
        return b""
    late = Notes(
        repairs=[kind for kind in notes.repairs if kind not in told.repairs],
        retries=notes.retries if notes.retries != told.retries else 0,
    )
    return b"".join([b": %b: %b\n\n" % header for header in late_headers(late)])


def late_headers(notes: Notes) -> Headers:
    headers: Headers = []
    if notes.repairs:
        headers.append((b"x-mochi-repair", listed(notes.repairs)))
    if notes.retries:
        headers.append((b"x-mochi-retries", b"%d" % notes.retries))
    return headers


def listed(names: Sequence[str]) -> bytes:
    """The names, at most 32 of 64 characters, with `?` for what cannot stand in a header."""
    shown = [UNFIT.sub("?", name[:64]) for name in names[:MOST_NAMES]]
    more = len(names) - MOST_NAMES
    return ", ".join([*shown, f"and {more} more"] if more > 0 else shown).encode("ascii")
