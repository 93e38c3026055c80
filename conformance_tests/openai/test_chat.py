"""`POST /chat/completions`, answered in one piece."""

import time
from typing import Any

import pytest

from conformance_tests.checks import completion, error_of, message_of
from conformance_tests.wire import Server, ask


def test_an_answer_is_a_chat_completion(server: Server) -> None:
    """OpenAI API reference, the chat completion object: its required fields."""
    whole = completion(server.chat())
    (choice,) = whole["choices"]
    assert abs(whole["created"] - time.time()) < 600
    assert whole["model"]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["content"]


def test_the_body_is_the_object_and_nothing_else(server: Server) -> None:
    """RFC 8259: a JSON text. Comments of event streams, sent to keep a connection alive, and blank
    lines before it break clients that do not expect them (open-webui 13277).
    """
    body = server.chat().body
    assert body.startswith(b"{")
    assert body.rstrip(b"\n").endswith(b"}")


def test_what_is_not_there_is_null(server: Server) -> None:
    """OpenAI's OpenAPI document: a choice requires logprobs and a message refusal, if only null."""
    (choice,) = completion(server.chat())["choices"]
    assert choice["logprobs"] is None
    assert choice["message"]["refusal"] is None


def test_an_answer_without_calls_has_no_tool_calls(server: Server) -> None:
    """OpenAI leaves `tool_calls` out: clients test for the key, and an empty list is there."""
    message = message_of(server.chat())
    assert not message.keys() & {"tool_calls", "function_call", "audio"}


def test_usage_adds_up(server: Server) -> None:
    """OpenAI API reference, usage: total_tokens is prompt_tokens + completion_tokens."""
    usage = completion(server.chat())["usage"]
    assert usage["prompt_tokens"] > 0
    assert usage["completion_tokens"] > 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_every_answer_has_its_own_id(server: Server) -> None:
    """OpenAI API reference: `id` is a unique identifier."""
    ids = [completion(server.chat(max_tokens=1))["id"] for _ in range(5)]
    assert len(set(ids)) == 5


CALL = {"id": "call_1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "noon"}
TEXT = {"type": "text", "text": "Say hello."}


def after_a_call(**assistant: Any) -> list[dict[str, Any]]:
    """A conversation in which the assistant called a tool and was answered."""
    return [
        *ask("What time is it?"),
        {"role": "assistant", "tool_calls": [CALL], **assistant},
        RESULT,
    ]


CONVERSATIONS: dict[str, list[dict[str, Any]]] = {
    "string": ask("Say hello."),
    "parts": [{"role": "user", "content": [TEXT]}],
    "several parts": [{"role": "user", "content": [TEXT, {"type": "text", "text": "Twice."}]}],
    "system": [{"role": "system", "content": "Be brief."}, *ask("Say hello.")],
    "system in parts": [{"role": "system", "content": [TEXT]}, *ask("Say hello.")],
    "several systems": [{"role": "system", "content": "Be brief."}] * 2 + ask("Say hello."),
    "system in the middle": [*ask("Hi."), {"role": "system", "content": "Be brief."}, *ask("Hi.")],
    "developer": [{"role": "developer", "content": "Be brief."}, *ask("Say hello.")],
    "two questions in a row": ask("Hi.") + ask("Say hello."),
    "assistant first": [{"role": "assistant", "content": "Hello."}, *ask("And?")],
    "assistant in parts": [*ask("Hi."), {"role": "assistant", "content": [TEXT]}, *ask("And?")],
    "assistant refused": [
        *ask("Hi."),
        {"role": "assistant", "content": None, "refusal": "No."},
        *ask("And?"),
    ],
    "call, content null": after_a_call(content=None),
    "call, content empty": after_a_call(content=""),
    "call, content absent": after_a_call(),
    "call, content beside it": after_a_call(content="Let me look."),
    "result in parts": [*after_a_call()[:2], {**RESULT, "content": [TEXT]}],
    "names": [{"role": "system", "content": "Be brief.", "name": "boss"}, *ask("Say hello.")],
    "reasoning sent back": [
        *ask("Hi."),
        {"role": "assistant", "content": "Hello.", "reasoning_content": "Hm.", "reasoning": "Hm."},
        *ask("And?"),
    ],
    "unknown keys": [
        {"role": "user", "content": [{**TEXT, "cache_control": {"type": "ephemeral"}}], "x": [{}]}
    ],
    "other alphabets": ask("Say hello: 日本語 \U0001f361 \u2028 \x7f é"),
}


@pytest.mark.parametrize("messages", CONVERSATIONS.values(), ids=CONVERSATIONS.keys())
def test_conversations_as_clients_send_them(
    server: Server, tools_model: str, messages: list[dict[str, Any]]
) -> None:
    """Seen on the wire: smolagents and qwen-code send parts in every role, haystack and
    semantic-kernel no content beside tool calls, aider begins with a turn of the assistant.
    """
    message = message_of(server.chat(model=tools_model, messages=messages, max_tokens=20))
    assert message["content"]


NOTE = "Mind this note: " + "the kettle is in the red cupboard. " * 20

PLACES: dict[str, list[dict[str, Any]]] = {
    "second part": [{"role": "user", "content": [TEXT, {"type": "text", "text": NOTE}]}],
    "system": [{"role": "system", "content": NOTE}, *ask("Say hello.")],
    "developer": [{"role": "developer", "content": NOTE}, *ask("Say hello.")],
    "second system": [
        {"role": "system", "content": "Be brief."},
        {"role": "system", "content": NOTE},
        *ask("Say hello."),
    ],
    "earlier question": [*ask(NOTE), {"role": "assistant", "content": "Yes."}, *ask("Say hello.")],
    "earlier answer": [*ask("Hi."), {"role": "assistant", "content": NOTE}, *ask("Say hello.")],
    "tool result": [*after_a_call()[:2], {**RESULT, "content": NOTE}],
    "tool result in parts": [
        *after_a_call()[:2],
        {**RESULT, "content": [{"type": "text", "text": NOTE}]},
    ],
}


@pytest.mark.parametrize("messages", PLACES.values(), ids=PLACES.keys())
def test_everything_said_reaches_the_model(
    server: Server, tools_model: str, messages: list[dict[str, Any]]
) -> None:
    """OpenAI API reference, messages: the whole conversation; prompt_tokens tells what was read."""
    short = completion(server.chat(model=tools_model, max_tokens=1))["usage"]["prompt_tokens"]
    long = completion(server.chat(model=tools_model, messages=messages, max_tokens=1))
    assert long["usage"]["prompt_tokens"] > short + 80


UNKNOWN: dict[str, Any] = {
    "store": False,
    "metadata": {"user": "7"},
    "user": "u-1",
    "safety_identifier": "u-1",
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "prompt_cache_options": {"mode": "implicit", "ttl": "30m"},
    "service_tier": "auto",
    "verbosity": "low",
    "prediction": {"type": "content", "content": "Hello"},
    "modalities": ["text"],
    "parallel_tool_calls": True,
    "n": 1,
    "tools": [],
    "logit_bias": {},
    "stop": [],
    "stream_options": None,
    "include": [],
    "client_metadata": {"a": "b"},
    "chat_template_kwargs": {"enable_thinking": False},
    "enable_thinking": False,
    "num_ctx": 4096,
    "top_k": 40,
    "min_p": 0.05,
    "repeat_penalty": 1.1,
    "options": {"top_k": 40},
    "keep_alive": "5m",
    "some_field_of_next_year": [{"deeply": {"nested": [1, None, True]}}],
}


@pytest.mark.parametrize("field", UNKNOWN)
def test_fields_beside_the_point_do_no_harm(server: Server, field: str) -> None:
    """Agents and chat UIs send fields of other servers and of newer APIs, and must be served."""
    completion(server.chat(max_tokens=5, **{field: UNKNOWN[field]}))


OPTIONAL = [
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "metadata",
    "modalities",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
]


@pytest.mark.parametrize("field", [*OPTIONAL, None])
def test_null_means_not_given(server: Server, field: str | None) -> None:
    """OpenAI's OpenAPI document calls them nullable; LangChain, LiteLLM and others send nulls."""
    nulls = dict.fromkeys([field] if field else OPTIONAL)
    if field in ("max_tokens", None):
        completion(server.chat(**nulls))
    else:
        completion(server.chat(max_tokens=5, **nulls))


HEADERS: dict[str, dict[str, str | None]] = {
    "openai-python": {"x-stainless-lang": "python", "x-stainless-retry-count": "0"},
    "an event stream for a plain answer": {"Accept": "text/event-stream"},
    "charset": {"Content-Type": "application/json; charset=utf-8"},
    "upper-case charset": {"Content-Type": "Application/JSON; charset=UTF-8"},
    "codex": {"x-codex-turn-state": "1", "session-id": "s", "originator": "codex"},
    "AI SDK": {"Accept": "*/*", "Accept-Language": "*", "Sec-Fetch-Mode": "cors"},
    "organisation": {"OpenAI-Organization": "org", "OpenAI-Project": "p", "OpenAI-Beta": "x=v1"},
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
def test_headers_of_real_clients_do_no_harm(server: Server, headers: dict[str, str | None]) -> None:
    """Recorded from openai-python, codex and the AI SDK; the body alone says what is wanted."""
    completion(server.request("POST", "/chat/completions", server.body(max_tokens=5), headers))


def test_a_prompt_of_an_agent_is_not_too_large(server: Server, tools_model: str) -> None:
    """Open WebUI sends 36 tools with each message, qwen-code 78 kB in its first request."""
    tools = [
        {"type": "function", "function": {"name": f"tool_{i}", "description": "Does it. " * 250}}
        for i in range(36)
    ]
    answer = server.chat(model=tools_model, tools=tools, max_tokens=5)
    if answer.status == 200:  # and all of it was read
        assert completion(answer)["usage"]["prompt_tokens"] > 36 * 250
    else:
        assert error_of(answer)["code"] == "context_length_exceeded"
