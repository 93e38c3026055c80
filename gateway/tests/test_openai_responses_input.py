"""Inputs as the items they are made of."""

from typing import Any

import msgspec
import pytest

from gateway.core.errors import Invalid
from gateway.core.notes import Notes
from gateway.dialects.openai.responses.input import kept, references, resolved
from gateway.dialects.openai.responses.items import Item, Message, Reasoning
from gateway.dialects.openai.responses.parts import InputText, OutputText
from gateway.tests.responses import own

ITEMS = msgspec.json.Decoder(list[Item])
plain = msgspec.to_builtins


def test_a_string_is_one_message_of_the_user() -> None:
    (only,) = own("Hi")
    assert only.item == Message(id="msg_1", role="user", content=[InputText("Hi")])


def test_easy_messages_need_no_type_and_no_parts() -> None:
    user, assistant = own(
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    )
    assert (user.at, assistant.at) == ("input[0]", "input[1]")
    assert plain(user.item) == plain(Message(id="msg_1", role="user", content=[InputText("Hi")]))
    assert plain(assistant.item) == plain(
        Message(id="msg_2", role="assistant", content=[OutputText(text="Ho")])
    )


def test_what_is_kept_reads_as_what_it_was() -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}
    items = kept(
        own(
            [
                {"role": "user", "content": [image]},
                {"type": "reasoning", "summary": [], "encrypted_content": "x", "content": None},
                {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
                {"type": "custom_tool_call", "call_id": "b", "name": "g", "input": "x"},
                {"type": "function_call_output", "call_id": "a", "output": [image]},
                {"type": "custom_tool_call_output", "call_id": "b", "output": "y"},
                {"type": "compaction", "encrypted_content": "z"},
            ]
        )
    )
    assert [str(item.id).rstrip("1234567") for item in items] == [
        "msg_", "rs_", "fc_", "ctc_", "fco_", "ctco_", "cmp_",
    ]  # fmt: skip
    assert plain(ITEMS.decode(msgspec.json.encode(items))) == plain(items)


def test_ids_and_states_of_the_caller_stay() -> None:
    (only,) = own([{"type": "reasoning", "id": "rs_a", "summary": [], "status": "incomplete"}])
    assert plain(only.item) == plain(Reasoning(id="rs_a", summary=[], status="incomplete"))


def test_items_of_hosted_tools_are_left_out_and_named() -> None:
    notes = Notes()
    items = own([{"type": "web_search_call", "id": "ws_1"}, {"role": "user", "content": ""}], notes)
    assert [each.at for each in items] == ["input[1]"]
    assert [*notes.ignored] == ["input[0]"]


def test_unknown_fields_are_named() -> None:
    notes = Notes()
    part = {"type": "input_text", "text": "x", "prompt_cache_breakpoint": {}}
    own([{"role": "user", "name": "Bob", "content": [part]}], notes)
    assert [*notes.ignored] == [
        "input[0].name",
        "input[0].content[0].prompt_cache_breakpoint",
    ]


MESSAGE = Message(id="msg_a", role="user", content="A")


def test_references_are_looked_up() -> None:
    items = own([{"id": "msg_a"}, {"type": "item_reference", "id": "msg_b"}])
    assert references(items) == ["msg_a", "msg_b"]
    found = {"msg_b": Message(id="msg_b", role="user", content="B")}
    read = resolved(items, [MESSAGE], found)
    assert [(each.item.id, each.at) for each in read] == [("msg_b", "input[1]")]
    with pytest.raises(Invalid) as caught:
        resolved(items, [], found)
    assert caught.value.param == "input"


def test_nothing_to_say_is_allowed_where_something_came_before() -> None:
    assert own([], previous_response_id="resp_1") == ()
    assert own(None, conversation="conv_1") == ()
    assert own([{"type": "web_search_call", "id": "ws_1"}], conversation="conv_1") == ()


CALL = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}


@pytest.mark.parametrize(
    ("input", "param", "reason"),
    [
        (None, "input", "missing_required_parameter"),
        ([], "input", "empty_array"),
        ([{"type": "web_search_call", "id": "ws_1"}], "input", "invalid_value"),
        (5, "input", "invalid_type"),
        (["x"], "input[0]", "invalid_type"),
        ([{}], "input[0].id", "missing_required_parameter"),
        ([{"type": "magic"}], "input[0].type", "invalid_value"),
        ([{"role": "tool", "content": "x"}], "input[0].role", "invalid_value"),
        ([{"role": "user"}], "input[0].content", "missing_required_parameter"),
        ([{"role": "user", "content": None}], "input[0].content", "invalid_type"),
        ([{"role": "user", "content": [{"type": "text"}]}], "input[0].content[0].type", "invalid_value"),
        ([CALL | {"call_id": ""}], "input[0].call_id", "empty_string"),
        ([{"role": "user", "content": "x"}, CALL | {"call_id": None}], "input[1].call_id", "invalid_type"),
        ([CALL | {"arguments": {}}], "input[0].arguments", "invalid_type"),
        ([CALL | {"status": "late"}], "input[0].status", "invalid_value"),
    ],
)  # fmt: skip
def test_refusals(input: Any, param: str, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        own(input)
    assert (caught.value.param, caught.value.reason) == (param, reason)
