"""Text in tokens: words with the blank before them, long words in parts."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

__all__ = ["count", "logprob", "split"]

# English words with their blank average about 5 characters; in parts of at most 6 a text comes out
# at somewhat over 4 characters a token, and the parts joined are the text again.
_TOKEN = re.compile(r"\s*\S{1,6}|\s+$")
_OTHERS = (" the", " a", " it", " this", " one", " and", " so", ".", ",", " I", " we", " you")


def split(text: str) -> list[str]:
    return _TOKEN.findall(text)


def count(text: str) -> int:
    return len(split(text))


def logprob(token: str, alternatives: int) -> dict[str, Any]:
    """The entry of one token, with as many `top_logprobs` (itself first) as are asked for."""
    chance = -int(hashlib.sha256(token.encode()).hexdigest()[:4], 16) / 65536
    entry = _entry(token, chance)
    if alternatives:
        others = [_entry(other, chance - rank) for rank, other in enumerate(_others(token), 1)]
        return {**entry, "top_logprobs": [entry, *others][:alternatives]}
    return entry


def _others(token: str) -> Sequence[str]:
    words = [word for word in _OTHERS if word != token]
    return words + [f" {word.strip()}{number}" for number in (1, 2) for word in words]


def _entry(token: str, chance: float) -> dict[str, Any]:
    return {"token": token, "logprob": chance, "bytes": list(token.encode())}
