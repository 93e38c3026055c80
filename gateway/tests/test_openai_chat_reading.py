"""Requests as they come, and what the core makes of them."""

from base64 import b64encode
from typing import Any

import msgspec
import pytest

from gateway.core.errors import Invalid, InvalidRequest, ModelNotFound, Unsupported
from gateway.core.messages import (
    AssistantMessage,
    AudioPart,
    ImagePart,
    RemoteImagePart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    text,
    text_of,
)
from gateway.core.notes import Notes
from gateway.core.requests import AnyJSON, ChatRequest, JSONOf, Sampling
from gateway.dialects.decoding import decode
from gateway.dialects.openai.chat import wire
from gateway.dialects.openai.chat.reading import read

DECODER = msgspec.json.Decoder(wire.ChatCompletionRequest)
HELLO = [{"role": "user", "content": "Hello"}]
PNG = "iVBORw0KGgo="
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
ASKED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "1"}


def request(**fields: Any) -> ChatRequest:
    body = {"model": "demo", "messages": HELLO, **fields}
    return read(decode(DECODER, msgspec.json.encode(body)), Notes())


def refusal(**fields: Any) -> tuple[str | None, str | None]:
    with pytest.raises(Invalid) as caught:
        request(**fields)
    return caught.value.param, caught.value.reason


def test_nothing_is_asked_for_that_the_caller_did_not_ask_for() -> None:
    asked = request()
    assert asked == ChatRequest(model="demo", messages=asked.messages)
    assert text_of(asked.messages[0].content) == "Hello"


def test_null_means_absent_for_every_optional_field() -> None:
    nulls = dict.fromkeys(wire.ChatCompletionRequest.__struct_fields__)
    del nulls["model"], nulls["messages"]
    assert request(**nulls).sampling == Sampling()


def test_unknown_fields_are_ignored_everywhere() -> None:
    asked = request(
        chat_template_kwargs={"x": 1},
        messages=[{"role": "user", "content": [{"type": "text", "text": "x", "cache": 1}], "y": 2}],
        tools=[{"type": "function", "z": 1, "function": {"name": "f", "w": 1}}],
    )
    assert asked.tools[0].schema == {"type": "object", "properties": {}}


def test_sampling() -> None:
    asked = request(
        temperature=0,
        top_p=0.5,
        seed=-3,
        stop="END",
        max_tokens=5,
        max_completion_tokens=7,
        presence_penalty=-2,
        frequency_penalty=2,
    )
    assert asked.sampling == Sampling(
        temperature=0,
        top_p=0.5,
        seed=-3,
        stop=("END",),
        max_tokens=7,
        presence_penalty=-2,
        frequency_penalty=2,
    )


def test_a_whole_conversation() -> None:
    asked = request(
        messages=[
            {"role": "developer", "content": "Be brief."},
            {
                "role": "user",
                "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
            },
            {"role": "assistant", "tool_calls": [CALL], "reasoning_content": "Hm."},
            RESULT,
            {"role": "assistant", "content": None, "refusal": "No."},
            {"role": "user", "content": None},
        ]
    )
    system, user, call, result, said, nothing = asked.messages
    assert text_of(system.content) == "Be brief."
    assert isinstance(system, SystemMessage)
    assert user == UserMessage((TextPart("a"), TextPart("b")))
    assert call == AssistantMessage((), "Hm.", (ToolCall("call_1", "f", {"a": 1}),))
    assert isinstance(result, ToolMessage)
    assert (result.call_id, result.tool_name) == ("call_1", "f")
    assert said == AssistantMessage(text("No."))
    assert nothing == UserMessage(())


@pytest.mark.parametrize("arguments", ["", "{}", {}, " "])
def test_arguments_of_the_past_may_be_empty_or_an_object(arguments: object) -> None:
    call = {**CALL, "function": {"name": "f", "arguments": arguments}}
    asked = request(messages=[{"role": "assistant", "tool_calls": [call]}, RESULT])
    assert asked.messages[0] == AssistantMessage((), "", (ToolCall("call_1", "f", {}),))


@pytest.mark.parametrize(
    "head", ["data:image/png;base64,", "DATA:image/PNG;Base64,", "data:;base64,"]
)
def test_images_in_data_uris(head: str) -> None:
    part = {"type": "image_url", "image_url": {"url": head + PNG, "detail": "low"}}
    asked = request(messages=[{"role": "user", "content": [part]}])
    assert asked.messages == (UserMessage((ImagePart(PNG, "image/png"),)),)


@pytest.mark.parametrize(
    ("given", "at"), [({"url": "http://x/y"}, ".url"), ("http://x/y", "")], ids=["object", "string"]
)
def test_remote_images_know_where_they_stand(given: object, at: str) -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": given}]
    asked = request(messages=[{"role": "user", "content": parts}])
    remote = RemoteImagePart("http://x/y", f"messages[0].content[1].image_url{at}")
    assert asked.messages == (UserMessage((TextPart("a"), remote)),)


def test_sounds() -> None:
    wav = b64encode(b"RIFF\x10\x00\x00\x00WAVEfmt ").decode()
    part = {"type": "input_audio", "input_audio": {"data": wav, "format": "wav"}}
    asked = request(messages=[{"role": "user", "content": [part]}])
    assert asked.messages == (UserMessage((AudioPart(wav, "wav"),)),)


def test_formats() -> None:
    assert request(response_format={"type": "json_object"}).response_format == AnyJSON()
    schema = {"name": "x", "schema": {"type": "object"}, "strict": True}
    asked = request(response_format={"type": "json_schema", "json_schema": schema}).response_format
    assert isinstance(asked, JSONOf)
    assert (bytes(asked.schema), asked.strict) == (b'{"type":"object"}', True)


@pytest.mark.parametrize(
    ("effort", "thinking"),
    [("none", False), ("minimal", "low"), ("high", "high"), ("xhigh", "max")],
)
def test_reasoning_effort(effort: str, thinking: object) -> None:
    assert request(reasoning_effort=effort).thinking == thinking


def test_logprobs_and_their_alternatives() -> None:
    assert request(logprobs=True).logprobs == 0
    assert request(logprobs=True, top_logprobs=3).logprobs == 3
    assert request(logprobs=False, top_logprobs=0).logprobs is None


def tool(**fields: Any) -> list[Any]:
    return [{"type": "function", "function": {"name": "f", **fields}}]


def user(content: object) -> list[Any]:
    return [{"role": "user", "content": content}]


def image(url: object) -> list[Any]:
    return user([{"type": "image_url", "image_url": {"url": url}}])


@pytest.mark.parametrize(
    ("fields", "param", "reason"),
    [
        ({"model": 1}, "model", "invalid_type"),
        ({"model": ""}, "model", "invalid_value"),
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": "x"}, "messages", "invalid_type"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "missing_required_parameter"),
        ({"messages": [{"role": "usr"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "missing_required_parameter"),
        ({"messages": user(1)}, "messages[0].content", "invalid_type"),
        ({"messages": user(["x"])}, "messages[0].content[0]", "invalid_type"),
        ({"messages": user([{}])}, "messages[0].content[0].type", "missing_required_parameter"),
        ({"messages": user([{"type": "text"}])}, "messages[0].content[0].text", "missing_required_parameter"),
        ({"messages": user([{"type": "file"}])}, "messages[0].content[0].type", "unsupported_value"),
        ({"messages": image("file:///y.png")}, "messages[0].content[0].image_url.url", "unsupported_value"),
        ({"messages": user([{"type": "input_audio"}])}, "messages[0].content[0].input_audio", "missing_required_parameter"),
        ({"messages": user([{"type": "input_audio", "input_audio": {"data": "AAAA"}}])}, "messages[0].content[0].input_audio.format", "missing_required_parameter"),
        ({"messages": user([{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "ogg"}}])}, "messages[0].content[0].input_audio.format", "unsupported_value"),
        ({"messages": user([{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}])}, "messages[0].content[0].input_audio.data", "invalid_value"),
        ({"messages": image("data:image/png,x")}, "messages[0].content[0].image_url.url", "invalid_value"),
        ({"messages": image("data:;base64,%%%")}, "messages[0].content[0].image_url.url", "invalid_value"),
        ({"messages": image("data:;base64,aGk=")}, "messages[0].content[0].image_url.url", "invalid_value"),
        ({"messages": [RESULT]}, "messages.[0].role", None),
        ({"messages": [ASKED]}, "messages.[0].role", None),
        ({"messages": [ASKED, *HELLO, RESULT]}, "messages.[0].role", None),
        ({"messages": [ASKED, RESULT, RESULT]}, "messages.[2].role", None),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id", "missing_required_parameter"),
        ({"messages": [{"role": "function", "content": "x"}]}, "messages.[0].role", None),
        ({"temperature": 2.1}, "temperature", "decimal_above_max_value"),
        ({"temperature": -1}, "temperature", "decimal_below_min_value"),
        ({"temperature": "1"}, "temperature", "invalid_type"),
        ({"top_p": 1.1}, "top_p", "decimal_above_max_value"),
        ({"presence_penalty": 3}, "presence_penalty", "decimal_above_max_value"),
        ({"max_tokens": 0}, "max_tokens", "integer_below_min_value"),
        ({"max_tokens": 1.5}, "max_tokens", "invalid_type"),
        ({"top_logprobs": 1}, "top_logprobs", None),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "integer_above_max_value"),
        ({"seed": 2**63}, "seed", "integer_above_max_value"),
        ({"stop": list("abcde")}, "stop", "array_above_max_length"),
        ({"stop": [1]}, "stop[0]", "invalid_type"),
        ({"stream": "true"}, "stream", "invalid_type"),
        ({"stream_options": {"include_usage": True}}, "stream_options", None),
        ({"reasoning_effort": "huge"}, "reasoning_effort", "invalid_value"),
        ({"response_format": {"type": "yaml"}}, "response_format.type", "invalid_value"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "missing_required_parameter"),
        ({"response_format": {"type": "json_object", "schema": {}}}, "response_format.schema", "unknown_parameter"),
        ({"tools": [{"type": "function"}]}, "tools[0].function", "missing_required_parameter"),
        ({"tools": [{"type": "custom"}]}, "tools[0].type", "unsupported_value"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name", "missing_required_parameter"),
        ({"tools": tool(name="a b")}, "tools[0].function.name", "invalid_value"),
        ({"tools": tool(name="a" * 65)}, "tools[0].function.name", "string_above_max_length"),
        ({"tools": tool(parameters=[])}, "tools[0].function.parameters", "invalid_type"),
    ],
)  # fmt: skip
def test_mistakes_are_named(fields: dict[str, Any], param: str, reason: str | None) -> None:
    assert refusal(**fields) == (param, reason)


@pytest.mark.parametrize(
    "fields",
    [
        {"logit_bias": {"1": 1}},
        {"modalities": ["text", "audio"]},
        {"audio": {"voice": "x"}},
        {"web_search_options": {}},
        {"moderation": {"model": "x", "policy": {"output": {"mode": "block"}}}},
    ],
)
def test_what_would_change_the_answer_is_refused_by_name(fields: dict[str, Any]) -> None:
    with pytest.raises(Unsupported) as caught:
        request(**fields)
    assert caught.value.param == next(iter(fields))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"modalities": ["text", "audio"]}, "unsupported_value"),
        ({"audio": {"voice": "x"}}, "unsupported_parameter"),
        ({"logit_bias": {"1": 1}}, "unsupported_parameter"),
        ({"web_search_options": {}}, "unsupported_parameter"),
    ],
)
def test_a_value_is_told_from_a_field(fields: dict[str, Any], code: str) -> None:
    """OpenAI's codes: other values of the first kind are honoured, none of the second."""
    with pytest.raises(Unsupported) as caught:
        request(**fields)
    assert caught.value.reason == code


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 1},
        {"logit_bias": {}},
        {"tool_choice": "auto"},
        {"modalities": ["text"]},
        {"tools": []},
        {"stop": []},
        {"functions": []},
    ],
)
def test_what_changes_nothing_is_accepted(fields: dict[str, Any]) -> None:
    assert request(**fields) == request()


def test_the_same_tools_are_read_once_and_others_never_taken_for_them() -> None:
    assert request(tools=tool(name="a")).tools is request(tools=tool(name="a")).tools
    first = request(tools=tool(name="a", description="x" * 100))
    other = request(tools=tool(name="b", description="x" * 100))
    assert (first.tools[0].name, other.tools[0].name) == ("a", "b")


def test_tool_choice_none_keeps_the_tools_back() -> None:
    assert request(tools=tool(), tool_choice="none").tool_choice == "none"


@pytest.mark.parametrize("model", ["a b", "../x", "a//b", "x\n", "ü", "m" * 201])
def test_names_that_cannot_exist_are_not_found(model: str) -> None:
    with pytest.raises(ModelNotFound):
        request(model=model)


NESTED = b"[" * 10_000 + b"]" * 10_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"model":"m","messages":[{"role":"user","content":"\xff"}]}',
        b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}',
        b'{"model":"m","messages":[{"role":"user","content":NaN}]}',
        b'{"model":"m","messages":[{"role":"user","content":%b}]}' % NESTED,
        b'{"model":"m","x":%b}' % NESTED,
        b'{"model":"m","messages":[{"role":"user","content":"' + b"x" * 65536 + b'\xe2\x82"}]}',
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read(decode(DECODER, body), Notes())


def test_a_character_on_the_seam_of_two_blocks_is_no_mistake() -> None:
    body = msgspec.json.encode({"model": "demo", "messages": user("x" * 32710 + "日本" * 40000)})
    assert text_of(read(decode(DECODER, body), Notes()).messages[0].content).endswith("日本")
