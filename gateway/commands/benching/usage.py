"""The tokens that a server says it has read and written."""

import msgspec
from msgspec import Struct

from gateway.commands.benching.faults import Wrong

__all__ = ["ResponseUsage", "Usage", "fitting"]


class Usage(Struct, frozen=True):
    """Of chat completions, completions and embeddings, which write none."""

    prompt_tokens: int
    total_tokens: int
    completion_tokens: int = 0


class ResponseUsage(Struct, frozen=True):
    input_tokens: int
    output_tokens: int
    total_tokens: int

    @property
    def plain(self) -> Usage:
        return Usage(self.input_tokens, self.total_tokens, self.output_tokens)


def fitting(usage: Usage, most: int | None) -> None:
    """`Wrong` if the sums are, if there was nothing read, or more than the `most` written.

    `most` is None where nothing is written at all.
    """
    parts = (usage.prompt_tokens, usage.completion_tokens)
    wrong = sum(parts) != usage.total_tokens or min(parts) < 0 or not usage.prompt_tokens
    if most is not None:
        wrong = wrong or not 1 <= usage.completion_tokens <= most
    if wrong:
        limit = "" if most is None else f" (asked for at most {most})"
        raise Wrong("usage does not fit", msgspec.json.encode(usage).decode() + limit)
