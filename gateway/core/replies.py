"""A stream of events folded into one answer."""

from collections.abc import AsyncGenerator

from msgspec import Struct

from gateway.core.errors import BackendFailed
from gateway.core.events import (
    Batch,
    FinishReason,
    TextDelta,
    ThinkingDelta,
    Timings,
    TokenLogprob,
    ToolCalled,
    Usage,
)
from gateway.core.messages import AssistantMessage, ToolCall, text

__all__ = ["Reply", "collect"]


class Reply(Struct, frozen=True, kw_only=True):
    """A whole answer. `logprobs` is empty unless they were asked for."""

    message: AssistantMessage
    reason: FinishReason
    usage: Usage
    timings: Timings
    logprobs: tuple[TokenLogprob, ...] = ()


async def collect(batches: AsyncGenerator[Batch, None]) -> Reply:
    """Read a stream to its end; `BackendFailed` if it stops without `Finished`."""
    said: list[str] = []
    thought: list[str] = []
    calls: list[ToolCall] = []
    logprobs: list[TokenLogprob] = []
    try:
        async for batch in batches:
            for event in batch:
                if isinstance(event, TextDelta):
                    said.append(event.text)
                    logprobs += event.logprobs
                elif isinstance(event, ThinkingDelta):
                    thought.append(event.text)
                elif isinstance(event, ToolCalled):
                    calls.append(event.call)
                else:
                    return Reply(
                        message=AssistantMessage(
                            text("".join(said)), "".join(thought), tuple(calls)
                        ),
                        reason=event.reason,
                        usage=event.usage,
                        timings=event.timings,
                        logprobs=tuple(logprobs),
                    )
    finally:
        await batches.aclose()
    raise BackendFailed("The answer broke off before its end.")
