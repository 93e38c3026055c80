"""Items become messages, and the messages the same items again."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from extensions.conversations.adding import added
from extensions.conversations.projection import items_of, projected, with_results
from extensions.conversations.service import after
from extensions.conversations.tests.items import conversations, described, spellings, words
from extensions.sessions.changes import MessageEdited, apply
from extensions.sessions.records import read, write
from extensions.sessions.session import (
    AssistantMessage,
    Call,
    Message,
    Session,
    SystemMessage,
    ToolMessage,
    UserMessage,
)
from gateway.dialects.openai.responses import items, parts
from gateway.dialects.openai.responses.items import Item

NOW = "2026-03-04T05:06:07.000890"
EMPTY = Session(id="0f1e2d3c4b", model="", created_at=NOW, updated_at=NOW)


def session_with(found: list[Item], session: Session = EMPTY) -> Session:
    made = iter(range(len(session.messages), 999))
    changes = added(session, found, new_id=lambda: f"{next(made):010x}", now=NOW)
    return after(session, changes)


def reread(session: Session) -> Session:
    return read(write(session), id=session.id, modified=NOW)


@given(conversations())
@settings(max_examples=25, deadline=None)
def test_items_come_back_as_they_were_also_from_the_file(found: list[Item]) -> None:
    session = session_with(found)
    assert described(items_of(session.messages)) == described(found)
    again = reread(session)
    assert described(items_of(again.messages)) == described(found)
    assert write(again) == write(session)


@given(conversations())
@settings(max_examples=25, deadline=None)
def test_it_is_the_same_one_by_one(found: list[Item]) -> None:
    session = EMPTY
    for item in found:
        session = session_with([item], session)
    assert sorted(described(items_of(session.messages))) == sorted(described(found))


@given(conversations())
@settings(max_examples=25, deadline=None)
def test_every_call_of_the_file_stands_before_its_results(found: list[Item]) -> None:
    open_calls = 0
    for message in session_with(found).messages:
        if isinstance(message, ToolMessage):
            open_calls -= 1
            assert open_calls >= 0
        else:
            open_calls = len(message.calls) if isinstance(message, AssistantMessage) else 0


SAID: tuple[Message, ...] = (
    SystemMessage(id="s", timestamp=NOW, content="Be brief."),
    UserMessage(id="u", timestamp=NOW, content="1+2, and 2+2?"),
    AssistantMessage(
        id="a",
        timestamp=NOW,
        content="",
        model="m",
        thinking="Two sums.",
        calls=(Call("add", {"a": 1, "b": 2}), Call("add", {"a": 2, "b": 2})),
    ),
    ToolMessage(id="t", timestamp=NOW, content="3", tool_name="add"),
    ToolMessage(id="v", timestamp=NOW, content="4", tool_name="add"),
    AssistantMessage(id="b", timestamp=NOW, content="3 and 4.", model="m", eval_count=2),
    UserMessage(id="w", timestamp=NOW, content="And"),
    AssistantMessage(id="c", timestamp=NOW, content="And wh", model="m"),
)


def test_what_other_doors_have_said_is_items_with_ids_that_follow() -> None:
    assert items_of(SAID) == [
        items.Message(id="msg_s", role="system", content=[parts.InputText("Be brief.")]),
        items.Message(id="msg_u", role="user", content=[parts.InputText("1+2, and 2+2?")]),
        items.Reasoning(id="rs_a", summary=[], content=[parts.ReasoningText("Two sums.")]),
        items.FunctionCall(id="fc_a_0", call_id="call_a_0", name="add", arguments='{"a":1,"b":2}'),
        items.FunctionCall(id="fc_a_1", call_id="call_a_1", name="add", arguments='{"a":2,"b":2}'),
        items.FunctionCallOutput(id="fco_t", call_id="call_a_0", output="3"),
        items.FunctionCallOutput(id="fco_v", call_id="call_a_1", output="4"),
        items.Message(id="msg_b", role="assistant", content=[parts.OutputText(text="3 and 4.")]),
        items.Message(id="msg_w", role="user", content=[parts.InputText("And")]),
        items.Message(
            id="msg_c",
            role="assistant",
            status="incomplete",
            content=[parts.OutputText(text="And wh")],
        ),
    ]


def test_nothing_is_noted_where_all_follows_from_the_message() -> None:
    found = items_of(SAID)
    without_ids = [replace(item, id=None) for item in found]
    again = session_with(
        [item for item in without_ids if not isinstance(item, items.Call | items.Result)]
    )
    assert [message.extra for message in again.messages] == [
        {},
        {},
        {"mochi_item": {"status": "completed"}},
        {},
        {},
    ]


def test_results_in_any_order_and_at_any_time_stand_behind_their_call() -> None:
    def call(id: str) -> Item:
        return items.FunctionCall(call_id=id, name=f"tool_{id}", arguments="{}")

    def result(id: str) -> Item:
        return items.FunctionCallOutput(call_id=id, output=f"of {id}")

    session = session_with([call("x"), call("y"), call("z")])
    session = session_with([items.Message(role="user", content=[])], session)
    told = []
    for id in ("z", "x", "y"):
        session = reread(session_with([result(id)], session))
        told.append(
            [(m.content, m.answers) for m in session.messages if isinstance(m, ToolMessage)]
        )
        outputs = {
            i.call_id: i.output for i in items_of(session.messages) if isinstance(i, items.Result)
        }
        assert all(output == f"of {call_id}" for call_id, output in outputs.items())
    assert told == [
        [("of z", 2)],
        [("of x", None), ("of z", 2)],
        [("of x", None), ("of y", None), ("of z", None)],
    ]
    assert isinstance(session.messages[-1], UserMessage)


def test_a_call_that_was_never_answered_has_lost_its_result() -> None:
    found: list[Item] = [
        items.FunctionCall(call_id="x", name="add", arguments="{}"),
        items.Message(role="user", content="Well?"),
    ]
    whole = with_results(found)
    assert [type(item) for item in whole] == [
        items.FunctionCall,
        items.FunctionCallOutput,
        items.Message,
    ]


def test_a_result_is_that_of_one_call_though_others_have_its_id() -> None:
    call = items.FunctionCall(call_id="x", name="add", arguments="{}")
    found: list[Item] = [call, call, items.FunctionCallOutput(call_id="x", output="1")]
    assert [type(item) for item in with_results(found)][2:] == [items.FunctionCallOutput] * 2


layouts = st.lists(
    st.integers(-1, 5)
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["input_text", "refusal", "input_image", "x"])},
        optional={"text": st.integers(-1, 5) | words, "refusal": st.integers(0, 5)},
    ),
    max_size=3,
)
besides = st.fixed_dictionaries(
    {},
    optional={
        "id": words | st.none(),
        "type": st.sampled_from(["compaction", "x"]),
        "status": st.sampled_from(["incomplete", None, 1]),
        "parts": layouts | st.none(),
        "silent": st.booleans(),
        "thoughts": st.lists(
            st.fixed_dictionaries(
                {"length": st.integers(-1, 9)},
                optional={
                    "content": st.lists(st.integers(-1, 9), max_size=2),
                    "summary": st.lists(st.integers(-1, 9) | words, max_size=2),
                    "encrypted": st.booleans() | words,
                },
            ),
            max_size=2,
        ),
        "calls": st.lists(
            st.fixed_dictionaries(
                {}, optional={"arguments": words | spellings, "custom": st.booleans()}
            ),
            max_size=4,
        ),
    },
)


@given(st.lists(besides, min_size=len(SAID), max_size=len(SAID)))
@example([*[{}] * (len(SAID) - 1), {"parts": [{"type": "input_text", "text": ""}]}])
@example(
    [{}, {"parts": [{"type": "input_text", "text": "", "refusal": 3}]}, *[{}] * (len(SAID) - 2)]
)
@settings(max_examples=100, deadline=None)
def test_whatever_another_program_notes_the_texts_are_all_there(noted: list[Any]) -> None:
    messages = [
        replace(message, extra={"mochi_item": beside})
        for message, beside in zip(SAID, noted, strict=True)
    ]
    session = replace(EMPTY, messages=tuple(messages))
    found = items_of(session.messages)
    assert items_of(reread(session).messages) == found
    for item, at in projected(session.messages):
        if isinstance(item, items.Message):
            told = [getattr(part, "text", getattr(part, "refusal", None)) for part in item.content]
            assert "\n".join(text for text in told if text is not None) == SAID[at].content
    called = [item for item in found if isinstance(item, items.FunctionCall)]
    assert [call.arguments for call in called] == ['{"a":1,"b":2}', '{"a":2,"b":2}']


def test_an_edited_message_says_what_it_says_and_keeps_its_image() -> None:
    image = parts.InputImage(image_url="https://images.example/1")
    content: list[parts.Part] = [parts.InputText("What is"), image, parts.InputText("this?")]
    session = session_with([items.Message(role="user", content=content)])
    change = MessageEdited(index=0, content="What was this?", timestamp=NOW, dropped=())
    [item] = items_of(apply(session, change, NOW).messages)
    assert isinstance(item, items.Message)
    assert item.content == [parts.InputText("What was this?"), image]
