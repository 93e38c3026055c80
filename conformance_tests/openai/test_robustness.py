"""Whatever a client does, the server neither fails (5xx) nor hangs, and goes on serving others."""

import copy
import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conformance_tests.checks import answered_or_refused, completion, error_of, fold
from conformance_tests.wire import Server, ask

VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    2**63,
    1.5,
    1e308,
    "",
    "x" * 2000,
    "\x00\ufffe",
    [],
    {},
    [None],
    [[]],
    [{}],
    [""],
    {"type": None},
    {"type": "x", "x": [1]},
    {"": {"": ""}},
]
FIELDS = [
    *["audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs"],
    *["max_completion_tokens", "max_tokens", "messages", "metadata", "modalities", "model"],
    *["moderation", "n", "parallel_tool_calls", "prediction", "presence_penalty"],
    *["prompt_cache_key", "reasoning_effort", "response_format", "safety_identifier", "seed"],
    *["service_tier", "stop", "store", "stream", "stream_options", "temperature", "tool_choice"],
    *["tools", "top_logprobs", "top_p", "user", "verbosity", "web_search_options"],
    *["options", "keep_alive", "think", "num_ctx", "top_k", "min_p", "repeat_penalty"],
]


@pytest.mark.parametrize("field", FIELDS)
def test_no_value_of_a_field_is_a_failure(discerning: Server, field: str) -> None:
    """Schema fuzzers found 500s of this kind in most servers (vLLM issue 17038)."""
    for value in VALUES:
        answered_or_refused(discerning.chat(**{"max_tokens": 1, field: value}))


RICH: dict[str, Any] = {
    "messages": [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "name": "kim", "content": [{"type": "text", "text": "What time is it?"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "noon"},
        {"role": "user", "content": "Thanks."},
    ],
    "tools": [
        {
            "type": "function",
            "function": {"name": "clock", "description": "x", "parameters": {"type": "object"}},
        }
    ],
    "stop": ["x"],
    "max_tokens": 2,
    "temperature": 0.5,
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "a", "schema": {"type": "object", "properties": {}}},
    },
    "metadata": {"a": "b"},
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything inside a JSON value."""
    children = value.items() if isinstance(value, dict) else enumerate(value)
    nested = [(key, child) for key, child in children]
    found = [(*path, key) for key, _ in nested]
    for key, child in nested:
        if isinstance(child, dict | list):
            found += places(child, (*path, key))
    return found


@pytest.mark.parametrize("path", places(RICH), ids=lambda path: ".".join(map(str, path)))
def test_no_change_of_a_request_is_a_failure(discerning: Server, path: tuple[Any, ...]) -> None:
    """The same for everything inside a request: each value replaced by others, and left out."""
    values: list[Any] = [None, 0, "x", [], {}, [{}], ...]
    for value in values:
        body = copy.deepcopy(RICH)
        target: Any = body
        for key in path[:-1]:
            target = target[key]
        if value is ...:
            del target[path[-1]]
        else:
            target[path[-1]] = value
        answered_or_refused(discerning.chat(**body))


def test_no_corruption_of_the_bytes_is_a_failure(discerning: Server) -> None:
    """Parsers meet damaged bytes sooner or later; the seed below repeats a run."""
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    whole = json.dumps(discerning.body(**RICH)).encode()
    for _ in range(100):
        body = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        answered_or_refused(discerning.request("POST", "/chat/completions", bytes(body)))


def test_a_megabyte_of_text_is_taken_or_refused(discerning: Server) -> None:
    """OpenAI: context_length_exceeded for a prompt that is too long; no failure, no hang."""
    answer = discerning.chat(messages=ask("word " * 200_000), max_tokens=1)
    answered_or_refused(answer)
    if answer.status == 400:
        assert error_of(answer)["code"] == "context_length_exceeded"


def test_ten_thousand_messages(discerning: Server) -> None:
    """Agents that never forget; answered, or refused as too long."""
    answered_or_refused(discerning.chat(messages=ask("Hi.") * 10_000, max_tokens=1))


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_body_in_chunks(server: Server, size: int) -> None:
    """RFC 9112, 7.1: any request may be chunked, however it is cut."""
    body = json.dumps(server.body(max_tokens=2)).encode()
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    framing = {"Content-Length": None, "Transfer-Encoding": "chunked"}
    completion(server.request("POST", "/chat/completions", chunked, framing))


def test_several_requests_on_one_connection(server: Server) -> None:
    """RFC 9112, 9.3: connections persist; SDKs keep theirs for minutes, also after an error."""
    requests = [server.body(max_tokens=2), {"model": 5}, server.body(max_tokens=2)]
    with server.connect() as connection:
        statuses = []
        for body in requests:
            raw = json.dumps(body).encode()
            length = {"Content-Length": str(len(raw)), "Content-Type": "application/json"}
            head = server.head("POST", "/chat/completions", {**length, "Connection": None})
            live = server.send(head + raw, connection=connection)
            statuses.append(live.begin())
            assert live.rest().complete
    assert statuses == [200, 400, 200]


def test_a_request_that_breaks_off_hurts_nobody(server: Server) -> None:
    """Laptops are closed and networks end; the next caller must not notice."""
    for cut in (1, 20, 100):
        with server.open("POST", "/chat/completions", server.body(), {"Content-Length": "5000"}):
            pass
        server.send(server.head("POST", "/chat/completions", {})[:cut]).connection.close()
    completion(server.chat(max_tokens=2))


def test_hanging_up_hurts_nobody(server: Server) -> None:
    """UIs have a stop button: SDKs close the socket, before or during the answer."""
    long = server.body(messages=ask("Tell me a long story."), stream=True)
    for lines in (0, 0, 1, 1, 3, 3):
        with server.open("POST", "/chat/completions", long) as live:
            if lines:
                live.begin()
            for _ in range(lines):
                live.line()
    assert fold(server.stream(max_tokens=2)).content


def test_many_at_once(server: Server) -> None:
    """Chat UIs and agents ask several things at the same moment; all are answered."""
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: server.chat(max_tokens=2), range(40)))
    assert {answer.status for answer in answers} == {200}
