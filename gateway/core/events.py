"""What a model says while it answers."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Literal

from msgspec import Struct

from gateway.core.messages import ToolCall

__all__ = [
    "Batch",
    "ChatEvent",
    "FinishReason",
    "Finished",
    "TextDelta",
    "ThinkingDelta",
    "Timings",
    "TokenLogprob",
    "ToolCalled",
    "Usage",
    "each",
]


class TokenLogprob(Struct, frozen=True):
    """A token, the logarithm (base e) of its probability, its UTF-8 bytes, its likeliest rivals."""

    token: str
    logprob: float
    bytes: tuple[int, ...] | None = None
    top: tuple["TokenLogprob", ...] = ()


class Usage(Struct, frozen=True):
    """Tokens spent: `cached_tokens` of the prompt's, `reasoning_tokens` of the completion's."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0


class Timings(Struct, frozen=True):
    """Nanoseconds, as Ollama reports them; 0 where it did not."""

    total: int = 0
    load: int = 0
    prompt: int = 0
    generation: int = 0


class TextDelta(Struct, frozen=True):
    """More of the answer. With logprobs asked for, `text` may be empty beside its tokens."""

    text: str
    logprobs: tuple[TokenLogprob, ...] = ()


class ThinkingDelta(Struct, frozen=True):
    """More of the model's reasoning."""

    text: str


class ToolCalled(Struct, frozen=True):
    """A whole tool call."""

    call: ToolCall


FinishReason = Literal["stop", "length", "tool_calls"]


class Finished(Struct, frozen=True):
    """The last event of every answer that came to its end, exactly once."""

    reason: FinishReason
    usage: Usage = Usage()
    timings: Timings = Timings()


ChatEvent = TextDelta | ThinkingDelta | ToolCalled | Finished

Batch = Sequence[ChatEvent]
"""Everything that one read from upstream brought; never empty. One batch becomes one write."""


async def each(batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[ChatEvent, None]:
    """The single events of a stream of batches."""
    async with aclosing(batches):
        async for batch in batches:
            for event in batch:
                yield event
