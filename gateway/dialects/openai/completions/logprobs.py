"""Logprobs in the shape of OpenAI's older API."""

import codecs
from collections.abc import Sequence

from gateway.core.errors import Unsupported
from gateway.core.events import TokenLogprob
from gateway.dialects.openai.completions import wire

__all__ = ["LogprobsWriter", "likelihood"]

utf8 = codecs.getincrementaldecoder("utf-8")


class LogprobsWriter:
    """The tokens of one choice, one after another, each where it begins in the text.

    Offsets count characters, and a character may be several tokens: so bytes are counted off.
    """

    def __init__(self) -> None:
        self._at = 0
        self._decode = utf8("replace").decode

    def write(
        self, said: str, entries: Sequence[TokenLogprob], echo: str = ""
    ) -> wire.CompletionLogprobs:
        """The tokens of what was `said`; an echoed prompt goes ahead, as a token of its own that
        nobody weighed. `Unsupported` if there is text without tokens."""
        if said and not entries:
            raise missing("logprobs")
        logprobs = wire.CompletionLogprobs([], [], [], [])
        if echo:
            self._add(logprobs, echo, None, None)
            self._at += len(echo)
        for entry in entries:
            # OpenAI has the chosen token in the map in any case.
            top = {rival.token: rival.logprob for rival in reversed(entry.top)}
            top.setdefault(entry.token, entry.logprob)
            self._add(logprobs, entry.token, entry.logprob, top)
            data = entry.token.encode() if entry.bytes is None else bytes(entry.bytes)
            self._at += len(self._decode(data))
        return logprobs

    def _add(
        self,
        logprobs: wire.CompletionLogprobs,
        token: str,
        logprob: float | None,
        top: dict[str, float] | None,
    ) -> None:
        logprobs.tokens.append(token)
        logprobs.token_logprobs.append(logprob)
        logprobs.top_logprobs.append(top)
        logprobs.text_offset.append(self._at)


def likelihood(said: str, entries: Sequence[TokenLogprob]) -> float:
    """The mean logprob of an answer, by which `best_of` chooses; the least for an empty one."""
    if entries:
        return sum(entry.logprob for entry in entries) / len(entries)
    if said:
        raise missing("best_of")
    return float("-inf")


def missing(param: str) -> Unsupported:
    return Unsupported(
        "This Ollama gives no logprobs; 0.12.11 and later do.",
        param=param,
        reason="unsupported_parameter",
    )
