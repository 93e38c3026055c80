"""Requests for responses as they come, and what the core makes of them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.errors import Invalid, ModelNotFound
from gateway.core.messages import SystemMessage, UserMessage, text
from gateway.core.notes import Notes
from gateway.core.requests import AnyJSON, ChatRequest, JSONOf, NamedTool, Sampling
from gateway.dialects.openai.responses import wire
from gateway.dialects.openai.responses.failing import blamed
from gateway.dialects.openai.responses.fields import FIELDS
from gateway.dialects.openai.responses.items import Message
from gateway.tests.responses import ENCRYPTED, LOGPROBS, request

TOOLS = [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}]
SEARCH = {"type": "web_search", "search_context_size": "low"}
SCHEMA = {"type": "json_schema", "name": "x", "schema": {"type": "object"}, "strict": True}


def refusal(**fields: Any) -> tuple[str | None, str | None]:
    with pytest.raises(Invalid) as caught:
        request(**fields)
    return caught.value.param, caught.value.reason


def ignored(**fields: Any) -> list[str]:
    notes = Notes()
    request(notes, **fields)
    return [*notes.ignored]


def test_nothing_is_asked_for_that_the_caller_did_not_ask_for() -> None:
    assert request() == ChatRequest(model="demo", messages=(UserMessage(text("Hello")),))
    assert ignored() == []


def test_null_means_absent_for_every_optional_field() -> None:
    nulls: dict[str, Any] = dict.fromkeys(wire.ResponseRequest.__struct_fields__)
    del nulls["model"], nulls["input"]
    assert request(**nulls).sampling == Sampling()


def test_every_field_has_a_row() -> None:
    rows = [row.name for row in FIELDS]
    assert sorted(rows) == sorted(wire.ResponseRequest.__struct_fields__)


def test_instructions_stand_before_what_was_said_before() -> None:
    before = [Message(id="msg_a", role="user", content="Earlier")]
    assert request(history=before, instructions="Be kind.").messages == (
        SystemMessage(text("Be kind.")),
        UserMessage(text("Earlier")),
        UserMessage(text("Hello")),
    )


def test_sampling() -> None:
    asked = request(temperature=0.5, top_p=0.25, max_output_tokens=16, stop="x", seed=5)
    assert asked.sampling == Sampling(
        temperature=0.5, top_p=0.25, max_tokens=16, stop=("x",), seed=5
    )


@pytest.mark.parametrize(
    ("effort", "thinking"), [("none", False), ("low", "low"), ("xhigh", "max")]
)
def test_effort(effort: str, thinking: Any) -> None:
    assert request(reasoning={"effort": effort}).thinking == thinking


def test_think_wins_over_effort() -> None:
    assert request(reasoning={"effort": "low"}, think=False).thinking is False
    assert ignored(reasoning={"effort": "low"}, think=False) == ["reasoning.effort"]


def test_formats_are_flat() -> None:
    asked = request(text={"format": SCHEMA}).response_format
    assert isinstance(asked, JSONOf)
    assert (asked.name, bytes(asked.schema), asked.strict) == ("x", b'{"type":"object"}', True)
    assert request(text={"format": {"type": "json_object"}}).response_format == AnyJSON()


def test_logprobs_are_included_or_not_there() -> None:
    assert request(include=[LOGPROBS]).logprobs == 0
    assert request(include=[LOGPROBS], top_logprobs=3).logprobs == 3
    assert request(top_logprobs=3).logprobs is None
    assert ignored(top_logprobs=3) == ["top_logprobs"]


def test_functions_are_offered_and_hosted_tools_named() -> None:
    asked = request(tools=[SEARCH, *TOOLS], tool_choice="required")
    assert [(tool.name, tool.strict) for tool in asked.tools] == [("f", True)]
    assert asked.tool_choice == "required"
    assert ignored(tools=[SEARCH, *TOOLS, {"type": "namespace", "tools": []}]) == [
        "tools[0]",
        "tools[2]",
    ]


def test_choices_are_flat() -> None:
    assert request(tools=TOOLS, tool_choice={"type": "function", "name": "f"}).tool_choice == (
        NamedTool("f")
    )
    two = [*TOOLS, {"type": "function", "name": "g"}]
    allowed = [{"type": "function", "name": "g"}, {"type": "web_search"}]
    choice = {"type": "allowed_tools", "mode": "required", "tools": allowed}
    asked = request(tools=two, tool_choice=choice)
    assert ([tool.name for tool in asked.tools], asked.tool_choice) == (["g"], "required")
    assert ignored(tools=two, tool_choice=choice) == ["tool_choice.tools[1]"]


def test_what_has_no_effect_is_named() -> None:
    assert ignored(
        text={"verbosity": "low"},
        reasoning={"mode": "pro"},
        include=["web_search_call.results", ENCRYPTED],
        client_metadata={"a": 1},
        somewhere={"a": 1},
        service_tier="auto",
        context_management=[],
        tools=[{"type": "function", "name": "f", "defer_loading": True}],
        options={"temperature": 1, "num_predict": 5},
        temperature=0.5,
        max_output_tokens=20,
    ) == [
        "client_metadata",
        "somewhere",
        "include[0]",
        "text.verbosity",
        "reasoning.mode",
        "temperature",
        "max_output_tokens",
        "tools[0].defer_loading",
    ]


UNSUPPORTED = "unsupported_value"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"max_output_tokens": 15}, ("max_output_tokens", "integer_below_min_value")),
        ({"temperature": 3}, ("temperature", "decimal_above_max_value")),
        ({"truncation": "never"}, ("truncation", "invalid_value")),
        ({"prompt": {"id": "x"}}, ("prompt", "unsupported_parameter")),
        ({"include": ["x"]}, ("include[0]", "invalid_value")),
        ({"reasoning": {"effort": "huge"}}, ("reasoning.effort", "invalid_value")),
        ({"stream_options": {"include_obfuscation": True}}, ("stream_options", None)),
        ({"background": True, "store": False}, ("background", None)),
        (
            {"previous_response_id": "resp_1", "conversation": "conv_1"},
            ("previous_response_id", "mutually_exclusive_parameters"),
        ),
        ({"previous_response_id": ""}, ("previous_response_id", "empty_string")),
        ({"service_tier": "cheap"}, ("service_tier", "invalid_value")),
        ({"conversation": ""}, ("conversation", "empty_string")),
        ({"conversation": {"id": ""}}, ("conversation.id", "empty_string")),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, ("text.format.schema", "missing_required_parameter")),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, ("text.format.name", "missing_required_parameter")),
        ({"text": {"format": {"type": "json_schema", "json_schema": {}}}}, ("text.format.json_schema", "unknown_parameter")),
        ({"tools": [{"type": "magic"}]}, ("tools[0].type", UNSUPPORTED)),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, ("tools[0].type", UNSUPPORTED)),
        ({"tools": [{"type": "function"}]}, ("tools[0].name", "missing_required_parameter")),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, ("tools[0].name", "missing_required_parameter")),
        ({"tools": [{"type": "function", "name": "f", "function": {}}]}, ("tools[0].function", "unknown_parameter")),
        ({"tool_choice": "required"}, ("tool_choice", None)),
        ({"tools": [SEARCH], "tool_choice": "required"}, ("tools[0].type", UNSUPPORTED)),
        ({"tools": [*TOOLS, SEARCH], "tool_choice": {"type": "web_search"}}, ("tools[1].type", UNSUPPORTED)),
        ({"tools": TOOLS, "tool_choice": {"type": "mcp"}}, ("tool_choice.type", UNSUPPORTED)),
        ({"tools": TOOLS, "tool_choice": {"type": "function", "name": "g"}}, ("tool_choice.name", "invalid_value")),
        ({"tools": TOOLS, "tool_choice": {"type": "function"}}, ("tool_choice.name", "missing_required_parameter")),
        ({"tools": TOOLS, "tool_choice": {"type": "allowed_tools"}}, ("tool_choice.tools", "missing_required_parameter")),
        ({"model": None}, ("model", "invalid_type")),
    ],
)  # fmt: skip
def test_refusals(fields: dict[str, Any], told: tuple[str | None, str | None]) -> None:
    assert refusal(**fields) == told


@pytest.mark.parametrize("tier", ["flex", "scale", "priority", "fast", "ultrafast"])
def test_there_is_one_tier(tier: str) -> None:
    assert ignored(service_tier=tier) == ["service_tier"]
    assert ignored(service_tier="default") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"input": [], "conversation": "conv_1"},
        {"input": None, "previous_response_id": "resp_1", "instructions": "Be kind."},
        {"input": [{"type": "web_search_call", "id": "ws_1"}], "conversation": "conv_1"},
        {"input": [{"type": "reasoning", "summary": []}]},
    ],
)
def test_without_a_word_there_is_nothing_to_answer(fields: dict[str, Any]) -> None:
    assert refusal(**fields) == ("input", None)
    assert request(history=[Message(id="msg_a", role="user", content="A")], **fields).messages


def test_a_request_as_codex_sends_it() -> None:
    """Its whole history each time, with ids of its own, and tools that nobody has here."""
    notes = Notes()
    asked = request(
        notes,
        instructions="You are a coding agent.",
        input=[
            {"type": "message", "id": "m1", "role": "developer", "content": [{"type": "input_text", "text": "Sandboxed."}]},
            {"type": "message", "id": "m2", "role": "user", "content": [{"type": "input_text", "text": "List."}]},
            {"type": "reasoning", "id": "rs_1", "summary": [], "content": None, "encrypted_content": None},
            {"type": "function_call", "id": None, "call_id": "call_1", "name": "shell", "arguments": "{\"command\":[\"ls\"]}"},
            {"type": "message", "id": "m3", "role": "user", "content": [{"type": "input_text", "text": "Wait."}]},
            {"type": "function_call_output", "call_id": "call_1", "output": "README"},
        ],
        tools=[{"type": "function", "name": "shell", "strict": False, "parameters": {"type": "object"}}, {"type": "namespace", "name": "x", "tools": []}, {"type": "web_search", "external_web_access": False}],
        tool_choice="auto",
        parallel_tool_calls=True,
        reasoning={"effort": "medium", "summary": "auto"},
        store=False,
        stream=True,
        include=[ENCRYPTED],
        prompt_cache_key="k",
        client_metadata={"x-codex-installation-id": "i"},
    )  # fmt: skip
    assert [type(message).__name__ for message in asked.messages] == [
        "SystemMessage", "SystemMessage", "UserMessage", "AssistantMessage", "ToolMessage", "UserMessage",
    ]  # fmt: skip
    assert [*notes.ignored] == ["prompt_cache_key", "client_metadata", "tools[1]", "tools[2]"]


words = st.sampled_from(
    ["", "x", "user", "assistant", "input_text", "output_text", "input_image", "data:image/png;base64,AA",
     "message", "reasoning", "function_call", "function_call_output", "item_reference", "compaction",
     "custom_tool_call", "web_search_call", "{}", "a", "completed"]
)  # fmt: skip
keys = st.sampled_from(
    ["type", "role", "content", "id", "call_id", "name", "arguments", "output", "input", "summary",
     "encrypted_content", "status", "text", "image_url", "detail", "phase"]
)  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=20,
)


def blame(**fields: Any) -> str:
    """The field that is to blame; `input` if nothing is wrong at all."""
    try:
        request(**fields)
    except (Invalid, ModelNotFound) as error:
        return blamed(error).param or ""
    return "input"


@settings(deadline=None, max_examples=300)
@given(st.lists(st.dictionaries(keys, anything, min_size=1, max_size=6), max_size=4) | anything)
def test_whatever_is_sent_is_read_or_refused_by_name(input: Any) -> None:
    assert blame(input=input).startswith("input")


@settings(deadline=None)
@given(st.sampled_from(wire.ResponseRequest.__struct_fields__), anything)
def test_whatever_a_field_holds_it_is_taken_or_refused_by_name(name: str, value: Any) -> None:
    assert blame(**{name: value}).startswith((name, "input", "tool_choice"))


def test_strict_refuses_hosted_tools_by_their_type() -> None:
    with pytest.raises(Invalid) as caught:
        request(Notes(strict=True), tools=[*TOOLS, SEARCH])
    assert (caught.value.param, caught.value.reason) == ("tools[1].type", UNSUPPORTED)


def test_a_name_that_cannot_exist_is_not_found() -> None:
    with pytest.raises(ModelNotFound):
        request(model="a b")
