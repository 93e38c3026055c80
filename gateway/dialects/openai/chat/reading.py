"""A chat completion request in core terms."""

from collections.abc import Sequence
from typing import Any

from gateway.core.errors import InvalidRequest
from gateway.core.messages import Message
from gateway.core.notes import Notes
from gateway.core.requests import (
    AnyJSON,
    AnyText,
    ChatRequest,
    JSONOf,
    ResponseFormat,
    Thinking,
    ToolChoice,
    ToolDefinition,
)
from gateway.dialects.decoding import missing
from gateway.dialects.openai.chat import wire
from gateway.dialects.openai.chat.conversation import read_messages
from gateway.dialects.openai.chat.fields import FIELDS
from gateway.dialects.openai.chat.tools import (
    read_choice,
    read_functions,
    read_tools,
)
from gateway.dialects.openai.requests import (
    EFFORTS,
    check_model,
    check_stream_options,
    note_rivals,
    read_sampling,
)
from gateway.dialects.openai.tools import json_object

__all__ = ["read"]

NO_OPTIONS: dict[str, Any] = {}


def read(
    request: wire.ChatCompletionRequest,
    notes: Notes,
    unknown: Sequence[str] = (),
    before: Sequence[Message] = (),
) -> ChatRequest:
    """The request in core terms; `Invalid` or `ModelNotFound` where it cannot be one. What was said
    `before` is no part of it, but its last calls may be answered.

    What has no effect, the `unknown` fields among it, goes into the notes.
    """
    check_model(request.model)
    FIELDS.check(request, notes, unknown)
    if request.stream_options:
        check_stream_options(request.stream, request.stream_options, notes)
    tools: tuple[ToolDefinition, ...] = ()
    choice: ToolChoice = "auto"
    if with_tools(request):
        tools, choice = read_tools_and_choice(request, notes)
    options = request.options or NO_OPTIONS
    note_overruled(request, options, notes)
    response_format = read_format(request.response_format)
    # The new name wins.
    max_tokens = request.max_completion_tokens or request.max_tokens
    return ChatRequest(
        model=request.model,
        messages=read_messages(request.messages, notes, before),
        tools=tools,
        tool_choice=choice,
        # The old form knows a single call.
        parallel_tool_calls=request.parallel_tool_calls is not False and not request.functions,
        sampling=read_sampling(request, max_tokens, response_format, notes),
        response_format=response_format,
        logprobs=read_logprobs(request),
        thinking=read_thinking(request),
        stream=bool(request.stream),
        context_length=request.num_ctx,
        keep_alive=request.keep_alive,
        options=options,
        notes=notes,
    )


def with_tools(request: wire.ChatCompletionRequest) -> bool:
    return (
        request.tools is not wire.ABSENT
        or request.tool_choice is not None
        or request.functions is not None
        or request.function_call is not None
    )


def read_tools_and_choice(
    request: wire.ChatCompletionRequest, notes: Notes
) -> tuple[tuple[ToolDefinition, ...], ToolChoice]:
    tools = read_tools(request.tools, notes)
    if tools:
        for old in ("functions", "function_call"):
            if getattr(request, old):
                raise InvalidRequest(f"'{old}' and 'tools' exclude each other.", param=old)
        return read_choice(request.tool_choice, tools, "tool_choice")
    tools = read_functions(request.functions)
    if tools or request.function_call is not None:
        return read_choice(request.function_call, tools, "function_call")
    return read_choice(request.tool_choice, (), "tool_choice")


def note_overruled(
    request: wire.ChatCompletionRequest, options: dict[str, Any], notes: Notes
) -> None:
    """Name the fields that give way to another of the same meaning, or lack the one they need."""
    if request.metadata and not request.store:
        notes.ignore("metadata", why="has no effect without 'store'")
    if request.max_tokens is not None and request.max_completion_tokens is not None:
        notes.ignore("max_tokens", why="gives way to 'max_completion_tokens'")
    if request.reasoning_effort and (request.think is not None or request.reasoning):
        notes.ignore("reasoning_effort", why="gives way to 'think' or 'reasoning'")
    if request.reasoning and request.think is not None:
        notes.ignore("reasoning", why="gives way to 'think'")
    note_rivals(request, options, notes, "max_tokens", "max_completion_tokens")


def read_logprobs(request: wire.ChatCompletionRequest) -> int | None:
    """How many alternatives to each token; `None` when no logprobs are asked for."""
    if request.logprobs:
        return request.top_logprobs or 0
    if request.top_logprobs:
        raise InvalidRequest(
            "'top_logprobs' is only allowed when 'logprobs' is true.", param="top_logprobs"
        )
    return None


def read_thinking(request: wire.ChatCompletionRequest) -> Thinking:
    """Ollama's own word wins over OpenRouter's, and that over OpenAI's."""
    if request.think is not None:
        return request.think
    effort = request.reasoning_effort
    if request.reasoning and request.reasoning.effort:
        effort = request.reasoning.effort
    return EFFORTS[effort] if effort else None


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
