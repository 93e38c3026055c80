"""Requests as they leave for Ollama, byte for byte."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw

from adapters.ollama import asking
from gateway.core.errors import InvalidRequest, Unsupported
from gateway.core.messages import (
    AssistantMessage,
    AudioPart,
    Content,
    ImagePart,
    JSONTextPart,
    Message,
    RemoteImagePart,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    text,
)
from gateway.core.requests import (
    AnyJSON,
    ChatRequest,
    EmbedRequest,
    JSONOf,
    NamedTool,
    Sampling,
    ToolChoice,
    ToolDefinition,
)

WEATHER = ToolDefinition("weather", "Of a city", Raw(b'{"type": "object", "properties": {}}'))


def chat(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="demo", messages=messages, **fields)


def sent(request: ChatRequest, num_ctx: int | None = None) -> dict[str, Any]:
    """The request without what is the same in all of them."""
    body: dict[str, Any] = msgspec.json.decode(asking.chat(request, num_ctx))
    assert (body.pop("stream"), body.pop("truncate")) == (True, False)
    del body["model"], body["messages"]
    return body


def test_a_plain_request_holds_nothing_that_was_not_asked_for() -> None:
    assert asking.chat(chat(UserMessage(text("Hello")))) == (
        b'{"model":"demo","messages":[{"role":"user","content":"Hello"}],'
        b'"stream":true,"truncate":false}'
    )


def test_a_whole_history() -> None:
    call = ToolCall("call_1", "weather", {"city": "Paris"})
    request = chat(
        SystemMessage(text("Be brief.")),
        UserMessage(text("Weather?")),
        AssistantMessage((), "Look it up.", (call,)),
        ToolMessage(text("18 C"), "call_1", "weather"),
        AssistantMessage(text("18 degrees.")),
    )
    assert msgspec.json.decode(asking.chat(request))["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": "",
            "thinking": "Look it up.",
            "tool_calls": [
                {
                    "id": "call_1",
                    "function": {"name": "weather", "arguments": {"city": "Paris"}},
                }
            ],
        },
        {"role": "tool", "content": "18 C", "tool_name": "weather", "tool_call_id": "call_1"},
        {"role": "assistant", "content": "18 degrees."},
    ]


@pytest.mark.parametrize(
    ("content", "written"),
    [
        ((), b'""'),
        ((TextPart("a"), TextPart("b")), b'"a\\nb"'),
        ((JSONTextPart(Raw(b'"\\u0061\\/"')),), b'"\\u0061\\/"'),
        ((TextPart('"'), JSONTextPart(Raw(b' "\\u0061" ')), TextPart("c")), b'"\\"\\n\\u0061\\nc"'),
        ((JSONTextPart(Raw(b'"a"')), ImagePart("AAAA", "image/png")), b'"a"'),
    ],
)
def test_the_texts_of_a_message_become_one(content: Content, written: bytes) -> None:
    body = asking.chat(chat(UserMessage(content)))
    assert b'"content":%b' % written in body


def test_images_and_sounds_travel_beside_the_text() -> None:
    parts = (ImagePart("AAAA", "image/png"), TextPart("What is this?"), AudioPart("BBBB", "wav"))
    message = msgspec.json.decode(asking.chat(chat(UserMessage(parts))))["messages"][0]
    assert message == {"role": "user", "content": "What is this?", "images": ["AAAA", "BBBB"]}


def test_an_image_that_was_not_fetched_is_refused() -> None:
    content = (TextPart("What is this?"), RemoteImagePart("http://x/y.png", "messages[3]"))
    with pytest.raises(Unsupported, match="MOCHI_ALLOW_REMOTE_IMAGES=true") as caught:
        asking.chat(chat(UserMessage(content)))
    assert (caught.value.param, caught.value.reason) == ("messages[3]", "unsupported_value")


def test_everything_asked_for_becomes_an_option() -> None:
    sampling = Sampling(
        temperature=0,
        top_p=0.9,
        top_k=40,
        min_p=0.05,
        seed=0,
        stop=("\n", "END"),
        max_tokens=7,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        repeat_penalty=1.1,
    )
    assert sent(chat(sampling=sampling), num_ctx=8192)["options"] == {
        "temperature": 0,
        "top_p": 0.9,
        "top_k": 40,
        "min_p": 0.05,
        "seed": 0,
        "stop": ["\n", "END"],
        "num_predict": 7,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "repeat_penalty": 1.1,
        "num_ctx": 8192,
    }


def test_native_options_win() -> None:
    request = chat(sampling=Sampling(seed=1, top_k=2), options={"seed": 9, "num_gpu": 0})
    assert sent(request) == {"options": {"seed": 9, "top_k": 2, "num_gpu": 0}}


@pytest.mark.parametrize("max_tokens", [0, -1])
def test_no_tokens_at_all_are_refused(max_tokens: int) -> None:
    with pytest.raises(InvalidRequest) as caught:
        asking.chat(chat(sampling=Sampling(max_tokens=max_tokens)))
    assert caught.value.param == "max_tokens"


@pytest.mark.parametrize(
    ("asked", "body"),
    [
        ({"thinking": False}, {"think": False}),
        ({"thinking": "low"}, {"think": "low"}),
        ({"keep_alive": 0}, {"keep_alive": 0}),
        ({"keep_alive": "5m"}, {"keep_alive": "5m"}),
        ({"logprobs": 0}, {"logprobs": True}),
        ({"logprobs": 3}, {"logprobs": True, "top_logprobs": 3}),
        ({"response_format": AnyJSON()}, {"format": "json"}),
    ],
)
def test_what_is_asked_for_is_sent(asked: dict[str, Any], body: dict[str, Any]) -> None:
    assert sent(chat(**asked)) == body


def test_schemas_pass_through_untouched() -> None:
    schema = Raw(b'{ "type":"object" , "properties": {} }')
    body = asking.chat(
        chat(response_format=JSONOf("answer", schema), tools=(ToolDefinition("f", "", schema),))
    )
    assert body.count(bytes(schema)) == 2


def test_tools_are_offered() -> None:
    function = {
        "name": "weather",
        "description": "Of a city",
        "parameters": {"type": "object", "properties": {}},
    }
    assert sent(chat(tools=(WEATHER,))) == {"tools": [{"type": "function", "function": function}]}


@pytest.mark.parametrize("parameters", [b"", b"{}", b"{ }"])
def test_a_tool_without_parameters_declares_an_object_without_properties(parameters: bytes) -> None:
    tools = sent(chat(tools=(ToolDefinition("now", "", Raw(parameters)),)))["tools"]
    assert tools[0]["function"]["parameters"] == {"type": "object", "properties": {}}


def test_tools_that_must_not_be_called_are_not_sent() -> None:
    assert sent(chat(tools=(WEATHER,), tool_choice="none")) == {}


@pytest.mark.parametrize("choice", ["required", NamedTool("weather")])
def test_a_call_cannot_be_enforced(choice: ToolChoice) -> None:
    with pytest.raises(Unsupported) as caught:
        asking.chat(chat(tools=(WEATHER,), tool_choice=choice))
    assert (caught.value.param, caught.value.reason) == ("tool_choice", "unsupported_value")


def test_texts_to_embed() -> None:
    request = EmbedRequest(model="demo-embed", inputs=("a", "b"), dimensions=4)
    assert asking.embed(request) == (
        b'{"model":"demo-embed","input":["a","b"],"truncate":false,"dimensions":4}'
    )
    request = EmbedRequest(model="demo-embed", inputs=("a",), truncate=True)
    assert asking.embed(request) == b'{"model":"demo-embed","input":["a"],"truncate":true}'


def test_a_model_to_show() -> None:
    assert asking.show("demo") == b'{"model":"demo"}'


def test_leading_system_messages_are_one_because_renderers_drop_the_others() -> None:
    asked = ChatRequest(
        model="m",
        messages=(
            SystemMessage((TextPart("a"),)),
            SystemMessage((JSONTextPart(Raw(b'"b\\n"')),)),
            UserMessage((TextPart("c"),)),
            SystemMessage((TextPart("d"),)),
        ),
    )
    sent = msgspec.json.decode(asking.chat(asked))["messages"]
    assert [(message["role"], message["content"]) for message in sent] == [
        ("system", "a\n\nb\n"),
        ("user", "c"),
        ("system", "d"),
    ]
