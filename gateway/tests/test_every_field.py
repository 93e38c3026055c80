"""No field of a request is dropped in silence: each changes what Ollama is asked or what the caller
gets, or is named in a header, or is refused by its name."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import msgspec
import pytest

from adapters.simulator import Simulator
from gateway import assembly
from gateway.config import Config
from gateway.dialects.openai import embeddings
from gateway.dialects.openai.chat import wire as chat_wire
from gateway.dialects.openai.chat.fields import FIELDS as CHAT
from gateway.dialects.openai.completions import wire as completions_wire
from gateway.dialects.openai.completions.fields import FIELDS as COMPLETIONS
from gateway.dialects.openai.fields import FieldTable
from gateway.dialects.openai.responses import wire as responses_wire
from gateway.dialects.openai.responses.fields import FIELDS as RESPONSES
from gateway.testing import live_server

HELLO = [{"role": "user", "content": "Hello"}]
FUNCTION = {"name": "weather", "parameters": {"type": "object", "properties": {}}}
TOOLS = [{"type": "function", "function": FUNCTION}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}

SAMPLING: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.5,
    "presence_penalty": 0.5,
    "frequency_penalty": 0.5,
    "seed": 5,
    "stop": ["END"],
    "n": 2,
    "stream": True,
    "user": "somebody",
    "logit_bias": {"5": 1},
    "options": {"num_gpu": 1},
    "num_ctx": 4096,
    "top_k": 5,
    "min_p": 0.5,
    "repeat_penalty": 1.5,
    "keep_alive": "9m",
}
CHAT_VALUES: dict[str, Any] = {
    **SAMPLING,
    "model": "demo-tools",
    "messages": [{"role": "user", "content": "Something else"}],
    "stream_options": {"include_usage": True},
    "max_completion_tokens": 1,
    "max_tokens": 1,
    "logprobs": True,
    "top_logprobs": 2,
    "response_format": SCHEMA,
    "tools": TOOLS,
    "tool_choice": "none",
    "parallel_tool_calls": False,
    "functions": [FUNCTION],
    "function_call": "none",
    "reasoning_effort": "high",
    "reasoning": {"effort": "high"},
    "modalities": ["text", "audio"],
    "verbosity": "low",
    "store": True,
    "metadata": {"a": "b"},
    "service_tier": "priority",
    "safety_identifier": "x",
    "prompt_cache_key": "x",
    "prompt_cache_retention": "24h",
    "prompt_cache_options": {"mode": "explicit"},
    "prediction": {"type": "content", "content": "x"},
    "moderation": {"model": "x"},
    "audio": {"voice": "x", "format": "mp3"},
    "web_search_options": {},
    "think": True,
}
COMPLETION_VALUES: dict[str, Any] = {
    **SAMPLING,
    "num_ctx": 5000,  # what chats have asked for is remembered
    "model": "demo-tools",
    "prompt": "Something else",
    "suffix": "the end",
    "max_tokens": 1,
    "best_of": 2,
    "echo": True,
    "logprobs": 2,
    "stream_options": {"include_usage": True},
}
EMBEDDING_VALUES: dict[str, Any] = {
    "model": "nobody",
    "input": "Something else",
    "encoding_format": "base64",
    "dimensions": 2,
    "user": "somebody",
    "options": {"num_gpu": 1},
    "keep_alive": "9m",
}
FLAT = {"type": "function", **FUNCTION}
RESPONSE_VALUES: dict[str, Any] = {
    **{name: value for name, value in CHAT_VALUES.items() if name != "messages"},
    "input": "Something else",
    "instructions": "Be short.",
    "stream_options": {"include_obfuscation": True},
    "previous_response_id": "resp_" + "0" * 24,
    "conversation": "conv_none",
    "store": False,
    "background": True,
    "tools": [FLAT],
    "max_tool_calls": 3,
    "max_output_tokens": 16,
    "text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}},
    "include": ["message.output_text.logprobs"],
    "truncation": "auto",
    "prompt": {"id": "x"},
    "context_management": [{"type": "compaction", "compact_threshold": 1000}],
    "access_programs": [],
    "image": {},
    "client_metadata": {"a": "b"},
}
# What a field needs beside it to mean anything.
BESIDE: dict[str, dict[str, Any]] = {
    "stream_options": {"stream": True},
    "top_logprobs": {"logprobs": True},
    "tool_choice": {"tools": TOOLS, "model": "demo-tools"},
    "tools": {"model": "demo-tools"},
    "parallel_tool_calls": {"tools": TOOLS, "model": "demo-repeats"},
    "functions": {"model": "demo-tools"},
    "function_call": {"functions": [FUNCTION], "model": "demo-tools"},
    "reasoning_effort": {"model": "demo-thinking"},
    "reasoning": {"model": "demo-thinking"},
    "think": {"model": "demo-thinking"},
    "metadata": {"store": True},
}
RESPONSES_BESIDE: dict[str, dict[str, Any]] = {
    "top_logprobs": {"include": ["message.output_text.logprobs"]},
    "tool_choice": {"tools": [FLAT], "model": "demo-tools"},
    "tools": {"model": "demo-tools"},
    "parallel_tool_calls": {"tools": [FLAT], "model": "demo-repeats"},
    "reasoning": {"model": "demo-thinking"},
    "think": {"model": "demo-thinking"},
}


def cases() -> Iterator[tuple[FieldTable, dict[str, Any], str, Any]]:
    """Every row of every table, with the least request and a value that asks for something."""
    chat = {"model": "demo", "messages": HELLO}
    completion = {"model": "demo", "prompt": "Hello"}
    embedding = {"model": "demo-embed", "input": "Hello", "encoding_format": "float"}
    for table, least, values in (
        (CHAT, chat, CHAT_VALUES),
        (COMPLETIONS, completion, COMPLETION_VALUES),
        (embeddings.FIELDS, embedding, EMBEDDING_VALUES),
        (RESPONSES, {"model": "demo", "input": "Hello"}, RESPONSE_VALUES),
    ):
        for row in table:
            if (table, row.name) != (RESPONSES, "stream_options"):  # asks for padding alone
                yield table, least, row.name, values[row.name]


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
async def http(
    simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    data = tmp_path_factory.mktemp("data")
    app = assembly.build(Config(ollama_host=simulator.url, data_dir=data))
    async with (
        live_server(app) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        yield client


async def outcome(
    http: httpx.AsyncClient, simulator: Simulator, path: str, body: dict[str, Any]
) -> tuple[httpx.Response, list[bytes]]:
    """The answer, and the bodies that Ollama got for it."""
    simulator.requests.clear()
    answer = await http.post(path, json=body)
    asked = [request for request in simulator.requests if request.path != "/api/show"]
    return answer, [request.body for request in asked]


def shape(answer: httpx.Response) -> Any:
    """The answer without what differs from one to the next by chance."""
    if answer.headers["content-type"].startswith("text/event-stream"):
        frames = [line for line in answer.text.split("\n\n") if line.startswith("data: {")]
        return [sorted(msgspec.json.decode(frame[6:])) for frame in frames]
    body = answer.json()
    return bare(body, ("id", "created", "created_at", "completed_at", "call_id"))


def bare(value: Any, names: tuple[str, ...]) -> Any:
    """A JSON value without these keys, wherever they stand in it."""
    match value:
        case dict():
            kept = {key: each for key, each in value.items() if key not in names}
            return {key: bare(each, names) for key, each in kept.items()}
        case list():
            return [bare(each, names) for each in value]
    return value


@pytest.mark.parametrize(
    ("table", "least", "name", "value"),
    [pytest.param(*case, id=f"{case[0].path[4:]}-{case[2]}") for case in cases()],
)
async def test_a_field_is_honoured_named_or_refused(
    http: httpx.AsyncClient,
    simulator: Simulator,
    table: FieldTable,
    least: dict[str, Any],
    name: str,
    value: Any,
) -> None:
    beside = RESPONSES_BESIDE if table is RESPONSES else BESIDE
    least = {**least, **beside.get(name, {})}
    without, asked_without = await outcome(http, simulator, table.path, least)
    assert without.status_code == 200, without.text
    answer, asked = await outcome(http, simulator, table.path, {**least, name: value})
    if answer.status_code != 200:
        error = answer.json()["error"]
        assert answer.status_code in (400, 404)
        assert error["param"] == name or name == "model"
        return
    ignored = answer.headers.get("x-mochi-ignored", "").split(", ")
    treatment = next(row.treatment for row in table if row.name == name)
    if treatment == "ignored":
        assert name in ignored
    else:
        assert name not in ignored
        assert asked != asked_without or shape(answer) != shape(without)


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (CHAT, chat_wire.ChatCompletionRequest),
        (COMPLETIONS, completions_wire.CompletionRequest),
        (embeddings.FIELDS, embeddings.EmbeddingRequest),
        (RESPONSES, responses_wire.ResponseRequest),
    ],
)
def test_the_table_has_every_field_that_is_read(table: FieldTable, kind: Any) -> None:
    assert sorted(row.name for row in table) == sorted(kind.__struct_fields__)


REFERENCE = """
messages model audio frequency_penalty function_call functions logit_bias logprobs
max_completion_tokens max_tokens metadata modalities moderation n parallel_tool_calls prediction
presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort
response_format safety_identifier seed service_tier stop store stream stream_options temperature
tool_choice tools top_logprobs top_p user verbosity web_search_options
"""


def test_the_table_has_every_field_of_the_reference() -> None:
    """OpenAI API reference, create chat completion (November 2026)."""
    assert {row.name for row in CHAT} >= set(REFERENCE.split())


@pytest.mark.parametrize("name", ["made_up", "chat_template_kwargs"])
@pytest.mark.parametrize(
    "path", [CHAT.path, COMPLETIONS.path, embeddings.FIELDS.path, RESPONSES.path]
)
async def test_unknown_fields_are_named(http: httpx.AsyncClient, path: str, name: str) -> None:
    body: dict[str, Any] = {"model": "demo", "messages": HELLO, "prompt": "Hello"}
    if path == embeddings.FIELDS.path:
        body = {"model": "demo-embed", "input": "Hello"}
    if path == RESPONSES.path:
        body = {"model": "demo", "input": "Hello"}
    answer = await http.post(path, json={**body, name: {"deep": [1]}})
    assert answer.status_code == 200
    assert name in answer.headers["x-mochi-ignored"].split(", ")


async def test_names_that_could_not_stand_in_a_header_are_made_to(http: httpx.AsyncClient) -> None:
    fields = {"a\r\nx-evil: 1": 1, "ü" * 100: 2, **{f"field_{n}": n for n in range(100)}}
    answer = await http.post(CHAT.path, json={"model": "demo", "messages": HELLO, **fields})
    assert answer.status_code == 200
    ignored = answer.headers["x-mochi-ignored"]
    assert "x-evil" not in answer.headers
    assert ignored.startswith("a??x-evil??1, " + "?" * 64)
    assert ignored.endswith("and 70 more")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"messages": [{"role": "user", "content": "Hi", "name": "Ada"}]}, "messages[0].name"),
        ({"stream": True, "stream_options": {"include_obfuscation": True}}, "stream_options.include_obfuscation"),
        ({"reasoning_effort": "high"}, "reasoning_effort"),
        ({"messages": [{**HELLO[0], "cache_control": {}}]}, "messages[0].cache_control"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", "x": 1}]}]}, "messages[0].content[0].x"),
        ({"model": "demo-tools", "tools": [{**TOOLS[0], "x": 1}]}, "tools[0].x"),
        ({"model": "demo-tools", "tools": [{"type": "function", "function": {**FUNCTION, "x": 1}}]}, "tools[0].function.x"),
        ({"response_format": {"type": "text", "x": 1}}, "response_format.x"),
        ({"max_tokens": 5, "max_completion_tokens": 6}, "max_tokens"),
        ({"model": "demo-thinking", "think": True, "reasoning_effort": "high"}, "reasoning_effort"),
        ({"model": "demo-thinking", "think": True, "reasoning": {"effort": "high"}}, "reasoning"),
        ({"top_k": 5, "options": {"top_k": 6}}, "top_k"),
        ({"stop": "}", "response_format": {"type": "json_object"}}, "stop"),
        ({"think": True}, "think"),
        ({"verbosity": "low"}, "verbosity"),
        ({"metadata": {"a": "b"}}, "metadata"),
        ({"made_up": 1}, "made_up"),
    ],
)  # fmt: skip
async def test_strictness_refuses_what_has_no_effect(
    simulator: Simulator, body: dict[str, Any], named: str
) -> None:
    least = {"model": "demo", "messages": HELLO}
    for strict in (False, True):
        app = assembly.build(Config(ollama_host=simulator.url, strict=strict))
        async with live_server(app) as url, httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(url + CHAT.path, json={**least, **body})
        if strict:
            error = answer.json()["error"]
            assert (answer.status_code, error["param"]) == (400, named)
            assert error["code"] == "unsupported_parameter"
        else:
            assert answer.headers["x-mochi-ignored"] == named
