"""Streams of events, folded."""

import pytest

from gateway.core.errors import BackendFailed
from gateway.core.events import (
    Finished,
    TextDelta,
    ThinkingDelta,
    Timings,
    TokenLogprob,
    ToolCalled,
    Usage,
    each,
)
from gateway.core.messages import AssistantMessage, ToolCall, text
from gateway.core.replies import Reply, collect
from gateway.core.requests import ChatRequest
from gateway.testing import ScriptedBackend

REQUEST = ChatRequest(model="demo", messages=())
CALL = ToolCall("call_1", "f", {"a": 1})
END = Finished("tool_calls", Usage(3, 2), Timings(total=9))
HI = TokenLogprob("Hi", -0.1)


async def test_everything_that_was_said_is_in_the_reply() -> None:
    backend = ScriptedBackend(
        [ThinkingDelta("Let "), ThinkingDelta("me.")],
        [TextDelta("Hi", (HI,)), TextDelta(" there")],
        [ToolCalled(CALL), END],
    )
    assert await collect(backend.chat(REQUEST)) == Reply(
        message=AssistantMessage(text("Hi there"), "Let me.", (CALL,)),
        reason="tool_calls",
        usage=END.usage,
        timings=END.timings,
        logprobs=(HI,),
    )


async def test_a_stream_without_an_end_is_a_failure() -> None:
    with pytest.raises(BackendFailed):
        await collect(ScriptedBackend([TextDelta("Hi")]).chat(REQUEST))


async def test_what_follows_the_end_is_left_unread() -> None:
    backend = ScriptedBackend([END], [TextDelta("more")])
    await collect(backend.chat(REQUEST))
    assert backend.left.is_set()


async def test_each_event_of_a_batch_comes_by_itself() -> None:
    backend = ScriptedBackend([TextDelta("a"), TextDelta("b")], [END])
    said = [event async for event in each(backend.chat(REQUEST))]
    assert said == [TextDelta("a"), TextDelta("b"), END]
