"""Items in any order as messages in theirs."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.errors import Invalid
from gateway.core.events import ChatEvent, TextDelta, ToolCalled
from gateway.core.messages import (
    AssistantMessage,
    AudioPart,
    ImagePart,
    Message,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    text,
    text_of,
)
from gateway.core.notes import Notes
from gateway.dialects.openai.responses import opaque
from gateway.dialects.openai.responses.conversation import SUMMARY, read_messages
from gateway.dialects.openai.responses.writing import write
from gateway.tests.response_streams import answers
from gateway.tests.responses import answer, counted, own

PNG = "iVBORw0KGgo="


def messages(*input: dict[str, Any], notes: Notes | None = None) -> tuple[Message, ...]:
    return read_messages(own(list(input)), notes or Notes())


def user(content: Any = "Hi") -> dict[str, Any]:
    return {"role": "user", "content": content}


def call(id: str, arguments: str = "{}") -> dict[str, Any]:
    return {"type": "function_call", "call_id": id, "name": "f", "arguments": arguments}


def result(id: str, output: Any = "1") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": id, "output": output}


def reasoning(**fields: Any) -> dict[str, Any]:
    return {"type": "reasoning", "summary": [], **fields}


def called(*ids: str) -> AssistantMessage:
    return AssistantMessage(tool_calls=tuple([ToolCall(id, "f", {}) for id in ids]))


def returned(id: str) -> ToolMessage:
    return ToolMessage(text("1"), id, "f")


SAID = {"role": "assistant", "content": [{"type": "output_text", "text": "Ho", "annotations": []}]}
THOUGHT = [{"type": "reasoning_text", "text": "Hm"}]


def test_roles() -> None:
    assert messages({"role": "developer", "content": "Be."}, user(), SAID) == (
        SystemMessage(text("Be.")),
        UserMessage(text("Hi")),
        AssistantMessage(text("Ho")),
    )


def test_reasoning_message_and_calls_are_one_turn() -> None:
    assert messages(reasoning(content=THOUGHT), SAID, call("a"), call("b"), result("b"), result("a")) == (
        AssistantMessage(text("Ho"), "Hm", (ToolCall("a", "f", {}), ToolCall("b", "f", {}))),
        returned("a"),
        returned("b"),
    )  # fmt: skip


def test_results_are_found_at_any_distance() -> None:
    assert messages(call("a"), user(), SAID, call("b"), user(), result("b"), SAID, result("a")) == (
        called("a"),
        returned("a"),
        UserMessage(text("Hi")),
        AssistantMessage(text("Ho"), "", (ToolCall("b", "f", {}),)),
        returned("b"),
        UserMessage(text("Hi")),
        AssistantMessage(text("Ho")),
    )


def test_a_result_between_calls_parts_the_turns() -> None:
    assert messages(call("a"), result("a"), call("a"), result("a")) == (
        called("a"), returned("a"), called("a"), returned("a"),
    )  # fmt: skip


@given(st.permutations([call("a"), call("b"), result("a"), result("b"), user(), SAID]))
def test_every_call_is_answered_at_once_in_any_order(input: list[dict[str, Any]]) -> None:
    read = messages(*input)
    for index, message in enumerate(read):
        if isinstance(message, AssistantMessage):
            behind = read[index + 1 : index + 1 + len(message.tool_calls)]
            assert [returned(each.id) for each in message.tool_calls] == list(behind)
    assert sum(isinstance(message, ToolMessage) for message in read) == 2


@pytest.mark.parametrize(
    "input", [[call("a")], [result("a")], [call("a"), result("a"), result("a")]]
)
def test_calls_and_results_come_in_pairs(input: list[dict[str, Any]]) -> None:
    with pytest.raises(Invalid) as caught:
        messages(user(), *input)
    assert (caught.value.param, caught.value.reason) == ("input", None)


def test_reasoning_is_read_in_any_of_its_forms() -> None:
    summary = [{"type": "summary_text", "text": "Short"}]
    notes = Notes()
    assert [message.thinking for message in messages(
        reasoning(summary=summary, content=THOUGHT), SAID,
        reasoning(summary=summary), SAID,
        reasoning(encrypted_content=opaque.sealed("Secret \ud83d")), SAID,
        reasoning(encrypted_content="gAAAA", summary=summary), SAID,
        notes=notes,
    ) if isinstance(message, AssistantMessage)] == ["Hm", "Short", "Secret \ud83d", "Short"]  # fmt: skip
    assert [*notes.ignored] == ["input[6].encrypted_content"]


def test_a_compaction_is_a_summary() -> None:
    item = {"type": "compaction", "encrypted_content": opaque.sealed("We met.")}
    assert messages(item, user())[0] == SystemMessage(text(SUMMARY + "We met."))
    with pytest.raises(Invalid) as caught:
        messages(item | {"encrypted_content": "gAAAA"}, user())
    assert caught.value.param == "input[0].encrypted_content"


def test_calls_with_free_text() -> None:
    assert messages(
        {"type": "custom_tool_call", "call_id": "a", "name": "patch", "input": "+x"},
        {"type": "custom_tool_call_output", "call_id": "a", "output": "done"},
    ) == (
        AssistantMessage(tool_calls=(ToolCall("a", "patch", {"input": "+x"}),)),
        ToolMessage(text("done"), "a", "patch"),
    )


def test_images_and_sounds() -> None:
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "high"}
    sound = {"type": "input_audio", "input_audio": {"data": "UklGRgAAAABXQVZF", "format": "wav"}}
    notes = Notes()
    words = {"type": "input_text", "text": "Look"}
    read = messages(user([words, image, sound]), call("a"), result("a", [image]), notes=notes)
    seen = ImagePart(PNG, "image/png")
    assert read[0].content == (TextPart("Look"), seen, AudioPart("UklGRgAAAABXQVZF", "wav"))
    assert read[2].content == (seen,)
    assert [*notes.ignored] == ["input[2].output[0].detail", "input[0].content[1].detail"]


@settings(deadline=None)
@given(answers())
def test_whatever_was_put_out_is_taken_in_again(batches: list[list[ChatEvent]]) -> None:
    events = [event for batch in batches for event in batch]
    whole = write(events, answer(), completed=9, ids=counted())
    output = json.loads(msgspec.json.encode(whole))["output"]
    results = [result(item["call_id"]) for item in output if item["type"] == "function_call"]
    turns = [each for each in messages(*output, *results) if isinstance(each, AssistantMessage)]
    assert "".join([text_of(turn.content) for turn in turns]) == "".join(
        [event.text for event in events if isinstance(event, TextDelta)]
    )
    assert [call for turn in turns for call in turn.tool_calls] == [
        event.call for event in events if isinstance(event, ToolCalled)
    ]


@pytest.mark.parametrize(
    ("input", "param"),
    [
        (user([{"type": "input_file", "file_id": "x"}]), "input[0].content[0].type"),
        (user([{"type": "output_text", "text": "x"}]), "input[0].content[0].type"),
        ({"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}, "input[0].content[0].type"),
        (user([{"type": "input_image"}]), "input[0].content[0].image_url"),
        (user([{"type": "input_image", "file_id": "x"}]), "input[0].content[0].file_id"),
        (user([{"type": "input_image", "image_url": "ftp://x"}]), "input[0].content[0].image_url"),
        (call("a", "[]"), "input[0].arguments"),
        (call("a", "{"), "input[0].arguments"),
    ],
)  # fmt: skip
def test_refusals(input: dict[str, Any], param: str) -> None:
    with pytest.raises(Invalid) as caught:
        messages(input)
    assert caught.value.param == param
