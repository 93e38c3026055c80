"""A conversation that nobody keeps."""

from extensions.agents.passing import PassingLedger
from extensions.chat.reply import GrowingReply
from gateway.core.events import (
    ChatEvent,
    Finished,
    FinishReason,
    TextDelta,
    Timings,
    ToolCalled,
    Usage,
)
from gateway.core.messages import AssistantMessage, ToolCall, ToolMessage, UserMessage, text

USAGE, TIMINGS = Usage(10, 4, 3, 2), Timings(9, 1, 3, 5)


def reply(*events: ChatEvent, reason: FinishReason = "stop") -> GrowingReply:
    grown = GrowingReply(thinking=False)
    grown.take([*events, Finished(reason, USAGE, TIMINGS)])
    return grown


async def test_results_answer_their_calls() -> None:
    ledger = PassingLedger([UserMessage(text("Note it"))], "demo")
    first, second = ToolCall("a", "jot", {"n": 1}), ToolCall("b", "jot", {"n": 2})
    await ledger.say(reply(TextDelta("So"), ToolCalled(first), ToolCalled(second)))
    await ledger.answer_calls([("jot", "one")])
    await ledger.answer_calls([("jot", "two")])
    assert ledger.messages == (
        UserMessage(text("Note it")),
        AssistantMessage(text("So"), tool_calls=(first, second)),
        ToolMessage(text("one"), "a", "jot"),
        ToolMessage(text("two"), "b", "jot"),
    )


async def test_all_replies_count_and_the_last_one_decides_how_it_ended() -> None:
    ledger = PassingLedger([], "demo")
    for reason in ("length", "tool_calls", "stop"):
        await ledger.say(reply(reason=reason))
    assert ledger.ended == Finished("stop", Usage(30, 12, 9, 6), Timings(27, 3, 9, 15))
    kept = await ledger.say(reply(TextDelta("Too lo"), reason="length"))
    assert ledger.ended.reason == "length"
    assert (kept.content, kept.model) == ("Too lo", "demo")
