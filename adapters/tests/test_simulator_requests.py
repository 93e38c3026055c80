"""Bytes into requests: as lenient as Go, and its very words where it is not."""

import json
from typing import Any

import pytest

from adapters.simulator.refusals import Refused
from adapters.simulator.requests import (
    read_chat,
    read_copy,
    read_create,
    read_embed,
    read_generate,
    read_model,
)
from adapters.simulator.times import FOREVER, SECOND


def refusal(body: Any) -> str:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(Refused) as caught:
        read_chat(data)
    assert caught.value.status == 400
    text: str = caught.value.body["error"]
    return text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "missing request body"),
        (b" \n", "missing request body"),
        (b"{", "unexpected EOF"),
        (b'{"model": nul', "unexpected EOF"),
        (b"hello", "invalid character 'h' looking for beginning of value"),
        (b"'a'", "invalid character '\\'' looking for beginning of value"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
        (b"{a:1}", "invalid character 'a' looking for beginning of object key string"),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        (b'{"a":[1,]}', "invalid character ']' looking for beginning of value"),
        (b'{"a":[1 2]}', "invalid character '2' after array element"),
        (b'{"a":"\n"}', "invalid character '\\n' in string literal"),
        (b'{"a":"\\x"}', "invalid character 'x' in string escape code"),
        (b'{"a":"\\u12g4"}', "invalid character 'g' in \\u hexadecimal character escape"),
        (b'{"a":nuxl}', "invalid character 'x' in literal null (expecting 'l')"),
        (b'{"a":01}', "invalid character '1' after object key:value pair"),
        (b'{"a":-x}', "invalid character 'x' in numeric literal"),
        (b'{"a":1.x}', "invalid character 'x' after decimal point in numeric literal"),
        (b'{"a":1e+x}', "invalid character 'x' in exponent of numeric literal"),
        (b'{"a":1e+5x}', "invalid character 'x' after object key:value pair"),
        (b'{"a":NaN}', "invalid character 'N' looking for beginning of value"),
        (b"\xef\xbb\xbf{}", "invalid character '\u00ef' looking for beginning of value"),
        (b"[" * 50_000, "exceeded max depth"),
    ],
)
def test_broken_json(body: bytes, text: str) -> None:
    assert refusal(body) == text


WRONG = "json: cannot unmarshal {} into Go struct field ChatRequest.{} of type {}"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ([], "json: cannot unmarshal array into Go value of type api.ChatRequest"),
        ({"model": 5}, WRONG.format("number", "model", "string")),
        ({"stream": "yes"}, WRONG.format("string", "stream", "bool")),
        ({"options": []}, WRONG.format("array", "options", "map[string]interface {}")),
        ({"messages": ["hi"]}, WRONG.format("string", "messages", "api.Alias")),
        ({"messages": [{"content": {}}]}, WRONG.format("object", "messages.content", "string")),
        ({"tools": {}}, WRONG.format("object", "tools", "api.Tools")),
        ({"top_logprobs": 1.5}, WRONG.format("number 1.5", "top_logprobs", "int")),
        ({"top_logprobs": -1}, "top_logprobs must be between 0 and 20"),
        (
            {"tools": [{"function": {"parameters": {"required": "city"}}}]},
            WRONG.format("string", "tools.function.parameters.required", "[]string"),
        ),
        (
            {"messages": [{"tool_calls": [{"function": {"arguments": "{}"}}]}]},
            "Value looks like object, but can't find closing '}' symbol",
        ),
        ({"messages": [{"images": ["@@@"]}]}, "illegal base64 data at input byte 0"),
        ({"messages": [{"images": ["aGVsbG8"]}]}, "illegal base64 data at input byte 4"),
        (
            {"messages": [{"images": ["data:image/png;base64,aGk="]}]},
            "illegal base64 data at input byte 4",
        ),
        ({"keep_alive": "300"}, 'time: missing unit in duration "300"'),
        ({"keep_alive": "5 minutes"}, 'time: unknown unit " minutes" in duration "5 minutes"'),
        ({"keep_alive": "soon"}, 'time: invalid duration "soon"'),
        ({"keep_alive": [5]}, "Unsupported type: '[]interface {}'"),
        (
            {"think": 5},
            'think must be a boolean or string ("high", "medium", "low", "max", true, or false)',
        ),
    ],
)
def test_wrong_types(body: Any, text: str) -> None:
    assert refusal(body) == text


def test_the_first_mistake_in_the_document_is_named() -> None:
    assert "stream" in refusal(b'{"stream":5,"model":5}')
    assert "model" in refusal(b'{"model":5,"stream":5}')


def test_names_in_any_case_and_the_last_of_equals() -> None:
    request = read_chat(b'{"MODEL":"a","Messages":[{"ROLE":"User"}],"model":"b","MODEL":"c"} rest')
    assert request.model == "c"
    assert request.messages[0].role == "user"


def test_null_is_as_good_as_absent() -> None:
    body = {"model": None, "messages": [{"role": "user", "content": None}], "stream": None}
    request = read_chat(json.dumps({**body, "tools": None, "keep_alive": None}).encode())
    assert request == read_chat(b'{"messages":[{"role":"user"}]}')


def test_broken_utf8_and_lone_surrogates_become_replacement_characters() -> None:
    request = read_chat(b'{"messages":[{"content":"\xff\xe4\xb8 \\ud83d \\ud83c\\udf89"}]}')
    assert request.messages[0].content == "\ufffd\ufffd\ufffd \ufffd 🎉"


@pytest.mark.parametrize(
    ("given", "nanoseconds"),
    [
        (0, 0),
        (1.5, SECOND * 3 // 2),
        (-1, FOREVER),
        (10**30, FOREVER),
        ("1h30m", 5400 * SECOND),
        ("1.5s", SECOND * 3 // 2),
        ("-1s", FOREVER),
        ("+0", 0),
        ("100ms", SECOND // 10),
    ],
)
def test_keep_alive(given: Any, nanoseconds: int) -> None:
    assert read_chat(json.dumps({"keep_alive": given}).encode()).keep_alive == nanoseconds


def test_a_tool_keeps_what_the_model_gets_to_see() -> None:
    seen = {"type": "string", "description": "d", "enum": ["a"]}
    dropped = {"default": "a", "pattern": "a", "format": "date", "title": "A", "oneOf": []}
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {
            "a": {**seen, **dropped},
            "b": {"type": "array", "items": {"type": "integer", "minimum": 5}},
            "c": {"type": ["string", "null"], "anyOf": [{"type": "string", "maxLength": 1}]},
        },
        "required": ["a"],
        "additionalProperties": False,
    }
    tool = {"type": "function", "function": {"name": "f", "strict": True, "parameters": parameters}}
    (read,) = read_chat(json.dumps({"tools": [tool]}).encode()).tools
    assert read.parameters == {
        "type": "object",
        "properties": {
            "a": {"type": "string", "description": "d", "enum": ("a",)},
            "b": parameters["properties"]["b"],
            "c": {"type": ["string", "null"], "anyOf": ({"type": "string"},)},
        },
        "required": ("a",),
    }


def test_the_other_endpoints() -> None:
    assert read_generate(b'{"prompt":"a","context":[1]}').context == (1,)
    assert read_embed(b'{"input":["a"]}').input == ["a"]
    assert read_model(b'{"name":"old"}', "ShowRequest").model == "old"
    assert read_copy(b'{"source":"a","destination":"b"}').destination == "b"
    assert read_create(b'{"model":"a","from":"b"}').origin == "b"
