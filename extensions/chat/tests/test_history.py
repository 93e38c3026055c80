"""What of a session is sent to a model."""

from typing import Any

from extensions.chat.history import conversation, last_question
from extensions.sessions.session import (
    AssistantMessage,
    Call,
    Message,
    SystemMessage,
    ToolMessage,
    UserMessage,
)
from extensions.tools.outcome import LOST
from gateway.core import messages as core

ENTRY: dict[str, Any] = {"id": "1", "timestamp": "2026-03-04T05:06:07.000890"}


def user(text: str) -> UserMessage:
    return UserMessage(content=text, **ENTRY)


def calling(*names: str, text: str = "") -> AssistantMessage:
    calls = tuple(Call(name, {"n": 1}) for name in names)
    return AssistantMessage(content=text, model="m", calls=calls, thinking="Hm.", **ENTRY)


def result(name: str, text: str) -> ToolMessage:
    return ToolMessage(content=text, tool_name=name, **ENTRY)


def test_every_kind_of_message() -> None:
    prompt = SystemMessage(content="Be brief.", **ENTRY)
    sent: Any = conversation([prompt, user("Hi"), calling("a", text="Wait."), result("a", "42")])
    assert sent[:2] == (
        core.SystemMessage(core.text("Be brief.")),
        core.UserMessage(core.text("Hi")),
    )
    [call] = sent[2].tool_calls
    assert (sent[2].thinking, core.text_of(sent[2].content)) == ("", "Wait.")
    assert (call.name, call.arguments) == ("a", {"n": 1})
    assert sent[3] == core.ToolMessage(core.text("42"), call.id, "a")


def test_results_belong_to_calls_in_their_order() -> None:
    sent: Any = conversation([calling("a", "a"), result("a", "1"), result("a", "2")])
    ids = [call.id for call in sent[0].tool_calls]
    assert len(set(ids)) == 2
    assert [message.call_id for message in sent[1:]] == ids


def test_a_call_that_a_crash_left_without_a_result_gets_one() -> None:
    messages: list[Message] = [calling("a", "b"), result("a", "1"), user("Well?"), calling("c")]
    sent: Any = conversation(messages)
    assert [type(message).__name__ for message in sent] == [
        "AssistantMessage",
        "ToolMessage",
        "ToolMessage",
        "UserMessage",
        "AssistantMessage",
        "ToolMessage",
    ]
    assert [(sent[2].tool_name, sent[2].call_id)] == [("b", sent[0].tool_calls[1].id)]
    assert core.text_of(sent[5].content).startswith("Error: ")


def test_the_last_question() -> None:
    assert last_question([user("1"), calling(), user("2"), calling("a"), result("a", "")]) == 2
    assert last_question([calling()]) is None


def test_a_result_can_say_which_call_it_answers() -> None:
    late = ToolMessage(content="of b", tool_name="b", answers=1, **ENTRY)
    sent: Any = conversation([calling("a", "b"), late])
    first, second = sent[0].tool_calls
    assert [(message.call_id, core.text_of(message.content)) for message in sent[1:]] == [
        (second.id, "of b"),
        (first.id, LOST.result),
    ]


def test_the_content_can_be_more_than_the_text() -> None:
    image = core.ImagePart("aGk=", "image/png")
    sent = conversation([user("Look")], lambda message: (*core.text(message.content), image))
    assert sent == (core.UserMessage((core.TextPart("Look"), image)),)
