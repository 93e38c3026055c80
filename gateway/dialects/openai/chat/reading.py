"""A chat completion request in core terms."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw

from gateway.core.errors import InvalidRequest, ModelNotFound, Unsupported
from gateway.core.requests import (
    AnyJSON,
    AnyText,
    ChatRequest,
    JSONOf,
    ResponseFormat,
    Sampling,
    Thinking,
    ToolChoice,
    ToolDefinition,
)
from gateway.dialects.decoding import decode_part, missing
from gateway.dialects.openai.chat import wire
from gateway.dialects.openai.chat.conversation import read_messages

__all__ = ["read"]

REMEMBERED, REMEMBERED_BYTES = 32, 256 * 1024
remembered_tools: dict[tuple[int, bytes], tuple[bytes, tuple[ToolDefinition, ...]]] = {}

TOOLS = msgspec.json.Decoder(list[wire.FunctionTool] | None)

NO_PARAMETERS = Raw(b'{"type":"object","properties":{}}')

# What could be a name at Ollama; anything else is not sent on, because it cannot exist there.
MODEL = re.compile(r"(?!.*(\.\.|//))[A-Za-z0-9._:/@-]{1,200}")

EFFORTS: dict[str, Thinking] = {
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}


def read(request: wire.ChatCompletionRequest) -> ChatRequest:
    """The request in core terms; `Invalid` or `ModelNotFound` where it cannot be one."""
    check_model(request.model)
    refuse_unsupported(request)
    if request.stream_options and not request.stream:
        raise InvalidRequest(
            "'stream_options' is only allowed when 'stream' is true.", param="stream_options"
        )
    tools = read_tools(request.tools)
    refuse_one_call_at_a_time(request, tools)
    return ChatRequest(
        model=request.model,
        messages=read_messages(request.messages),
        tools=tools,
        tool_choice=read_tool_choice(request.tool_choice),
        sampling=read_sampling(request),
        response_format=read_format(request.response_format),
        logprobs=read_logprobs(request),
        thinking=EFFORTS[request.reasoning_effort] if request.reasoning_effort else None,
    )


@lru_cache(maxsize=256)
def check_model(model: str) -> None:
    if not model:
        raise InvalidRequest("The model is empty.", param="model", reason="invalid_value")
    if not MODEL.fullmatch(model):
        raise ModelNotFound(model)


def read_sampling(request: wire.ChatCompletionRequest) -> Sampling:
    """Only what was asked for; `max_completion_tokens` wins over its old name."""
    stop = request.stop or ()
    return Sampling(
        temperature=request.temperature,
        top_p=request.top_p,
        seed=request.seed,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        max_tokens=request.max_completion_tokens or request.max_tokens,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
    )


def read_logprobs(request: wire.ChatCompletionRequest) -> int | None:
    """How many alternatives to each token; `None` when no logprobs are asked for."""
    if request.logprobs:
        return request.top_logprobs or 0
    if request.top_logprobs:
        raise InvalidRequest(
            "'top_logprobs' is only allowed when 'logprobs' is true.", param="top_logprobs"
        )
    return None


def read_tools(tools: Raw) -> tuple[ToolDefinition, ...]:
    """The tools; those of the last requests are remembered by their very bytes.

    Found by length and end rather than by a hash of the whole, which would be the dearest part.
    """
    if tools is wire.ABSENT:
        return ()
    text = bytes(tools)
    mark = len(text), text[-64:]
    known = remembered_tools.get(mark)
    if known is not None and known[0] == text:
        return known[1]
    read = decode_tools(text)
    if len(text) <= REMEMBERED_BYTES:
        if len(remembered_tools) >= REMEMBERED:
            remembered_tools.clear()
        remembered_tools[mark] = text, read
    return read


def decode_tools(text: bytes) -> tuple[ToolDefinition, ...]:
    tools = decode_part(TOOLS, text, "tools") or ()
    return tuple([read_tool(tool, index) for index, tool in enumerate(tools)])


def read_tool(tool: wire.FunctionTool, index: int) -> ToolDefinition:
    at = f"tools[{index}]"
    if tool.type != "function":
        raise Unsupported(
            f"Tools of type '{tool.type}' are not supported, only 'function'.",
            param=f"{at}.type",
            reason="unsupported_value",
        )
    if tool.function is None:
        raise missing(f"{at}.function")
    function = tool.function
    parameters = json_object(function.parameters, f"{at}.function.parameters") or NO_PARAMETERS
    return ToolDefinition(function.name, function.description or "", parameters)


def read_tool_choice(choice: object) -> ToolChoice:
    return "none" if choice == "none" else "auto"


def read_format(asked: wire.ResponseFormat | None) -> ResponseFormat:
    if asked is None or asked.type == "text":
        return AnyText()
    if asked.schema is not wire.ABSENT:
        raise InvalidRequest(
            "The schema belongs into 'response_format.json_schema.schema'.",
            param="response_format.schema",
            reason="unknown_parameter",
        )
    if asked.type == "json_object":
        return AnyJSON()
    if asked.json_schema is None:
        raise missing("response_format.json_schema")
    at = "response_format.json_schema.schema"
    schema = json_object(asked.json_schema.schema, at)
    if schema is None:
        raise missing(at)
    return JSONOf(asked.json_schema.name, schema, asked.json_schema.strict or False)


def json_object(raw: Raw, param: str) -> Raw | None:
    """The text of a JSON object, unread; `None` when it is absent or null."""
    if raw is wire.ABSENT:
        return None
    match memoryview(raw)[0:1].tobytes():
        case b"{":
            return raw
        case b"n":
            return None
    raise InvalidRequest(
        f"Invalid '{param}': expected a JSON Schema object.", param=param, reason="invalid_type"
    )


# OpenAI's words for a field that is not honoured at all, and for one that is with other values.
FIELD, VALUE = "unsupported_parameter", "unsupported_value"

ONLY = {
    "n": "only 1 is",
    "tool_choice": "only 'auto' and 'none' are",
    "modalities": "only 'text' is",
}

# Which fields with which of their values would change the answer and are not honoured.
UNSUPPORTED: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("n", lambda n: n > 1, VALUE),
    ("logit_bias", bool, FIELD),
    ("tool_choice", lambda choice: choice not in ("auto", "none"), VALUE),
    ("functions", bool, FIELD),
    ("function_call", lambda choice: choice not in ("auto", "none"), FIELD),
    ("modalities", lambda modalities: bool({*modalities} - {"text"}), VALUE),
    ("audio", lambda _: True, FIELD),
    ("web_search_options", lambda _: True, FIELD),
    ("moderation", lambda moderation: "block" in str(moderation.get("policy")), FIELD),
)


def refuse_unsupported(request: wire.ChatCompletionRequest) -> None:
    """Refuse by name what would otherwise be dropped without a word."""
    for name, matters, reason in UNSUPPORTED:
        value = getattr(request, name)
        if value is not None and matters(value):
            hint = f" with this value; {ONLY[name]}" if name in ONLY else ""
            raise Unsupported(f"'{name}' is not supported{hint}.", param=name, reason=reason)


def refuse_one_call_at_a_time(
    request: wire.ChatCompletionRequest, tools: tuple[ToolDefinition, ...]
) -> None:
    if request.parallel_tool_calls is False and tools:
        raise Unsupported(
            "'parallel_tool_calls' cannot be switched off.",
            param="parallel_tool_calls",
            reason=VALUE,
        )
