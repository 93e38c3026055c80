"""Texts that callers keep for us and cannot read by accident.

They are no secret, the caller has seen what is in them or could ask for it; the form only keeps
programs from taking them for something to show. Another server's, which really are encrypted, are
told from ours by the prefix.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

__all__ = ["opened", "sealed"]

PREFIX = "mochi1."


def sealed(text: str) -> str:
    # What a model wrote can hold half of a surrogate pair.
    return PREFIX + urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode()


def opened(token: str) -> str | None:
    """The text again; `None` for what was not sealed here."""
    if not token.startswith(PREFIX):
        return None
    try:
        return urlsafe_b64decode(token[len(PREFIX) :].encode()).decode("utf-8", "surrogatepass")
    except (binascii.Error, ValueError):
        return None
