"""Bodies that are no JSON, or JSON that was built to hurt."""

import json

import pytest

from conformance_tests.checks import answered_or_refused, completion, error_of
from conformance_tests.wire import Server

MESSAGES = '"messages": [{"role": "user", "content": "Hi."}]'


def said(raw: bytes) -> bytes:
    """A request whose message is these bytes between two quotes."""
    return b'{"model": "%s", "messages": [{"role": "user", "content": "' + raw + b'"}]}'


# `%s` is the model.
NO_JSON: dict[str, bytes] = {
    "nothing": b"",
    "blank": b"  \n",
    "cut": b'{"model": "%s", "messages": [{"role": "user"',
    "a list": b"[]",
    "null": b"null",
    "a string": b'"hello"',
    "a number": b"1",
    "a form": b"model=%s&messages=hello",
    "trailing comma": b'{"model": "%s", ' + MESSAGES.encode() + b",}",
    "trailing bytes": b'{"model": "%s", ' + MESSAGES.encode() + b"} {}",
    "comments": b'{"model": "%s", /* x */ ' + MESSAGES.encode() + b"}",
    "single quotes": b"{'model': '%s'}",
    "NaN": b'{"model": "%s", "temperature": NaN, ' + MESSAGES.encode() + b"}",
    "Infinity": b'{"model": "%s", "temperature": -Infinity, ' + MESSAGES.encode() + b"}",
    "hexadecimal": b'{"model": "%s", "max_tokens": 0x10, ' + MESSAGES.encode() + b"}",
    "invalid UTF-8": said(b"\xff\xfe"),
    "cut UTF-8": said(b"\xe6\x97"),
    "overlong UTF-8": said(b"\xc0\xaf"),
    "surrogate in UTF-8": said(b"\xed\xa0\x80"),
    "lone surrogate": said(b"\\ud800"),
    "surrogates swapped": said(b"\\udc00\\ud800"),
    "raw control": said(b"a\x00b\nc"),
    "UTF-16": '{"model": "m"}'.encode("utf-16"),
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON.keys())
def test_what_is_no_json_is_refused(server: Server, body: bytes) -> None:
    """RFC 8259, and its section 8.1 for UTF-8: not JSON, so the client's mistake: 400."""
    answer = server.request("POST", "/chat/completions", body.replace(b"%s", server.model.encode()))
    assert answer.status == 400
    assert error_of(answer)["type"] == "invalid_request_error"


DEEP = "[" * 10_000 + "]" * 10_000
DEEP_OBJECT = '{"a":' * 10_000 + "1" + "}" * 10_000

BOMBS: dict[str, str] = {
    "the body": DEEP,
    "unknown field": '{"model": "%s", "x": ' + DEEP + ", " + MESSAGES + "}",
    "unknown object": '{"model": "%s", "x": ' + DEEP_OBJECT + ", " + MESSAGES + "}",
    "messages": '{"model": "%s", "messages": ' + DEEP + "}",
    "content": '{"model": "%s", "messages": [{"role": "user", "content": ' + DEEP + "}]}",
    "part": '{"model": "%s", "messages": [{"role": "user", "content": [' + DEEP_OBJECT + "]}]}",
    "tools": '{"model": "%s", "tools": ' + DEEP + ", " + MESSAGES + "}",
    "parameters": '{"model": "%s", "tools": [{"type": "function", "function": {"name": "f", '
    '"parameters": ' + DEEP_OBJECT + "}}], " + MESSAGES + "}",
    "schema": '{"model": "%s", "response_format": {"type": "json_schema", "json_schema": '
    '{"name": "s", "schema": ' + DEEP_OBJECT + "}}, " + MESSAGES + "}",
    "metadata": '{"model": "%s", "metadata": ' + DEEP_OBJECT + ", " + MESSAGES + "}",
    "options": '{"model": "%s", "options": ' + DEEP_OBJECT + ", " + MESSAGES + "}",
    "arguments": '{"model": "%s", "messages": [{"role": "assistant", "tool_calls": [{"id": "c", '
    '"type": "function", "function": {"name": "f", "arguments": '
    + json.dumps(DEEP_OBJECT)
    + '}}]}, {"role": "tool", "tool_call_id": "c", "content": "x"}]}',
    "huge integer": '{"model": "%s", "max_tokens": ' + "9" * 5000 + ", " + MESSAGES + "}",
    "huge number": '{"model": "%s", "temperature": 1e400, ' + MESSAGES + "}",
    "huge unknown integer": '{"model": "%s", "x": ' + "9" * 5000 + ", " + MESSAGES + "}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_do_not_go_off(discerning: Server, name: str) -> None:
    """CVE-2026-26209 and its kind: recursion and huge numbers end parsers; 400, or no effect."""
    body = BOMBS[name].replace("%s", discerning.model).encode()
    answered_or_refused(discerning.request("POST", "/chat/completions", body))
    completion(discerning.chat(max_tokens=1))
