"""A request for a response in core terms."""

from collections.abc import Sequence
from typing import Any

from gateway.core.errors import InvalidRequest
from gateway.core.messages import Message, SystemMessage, text
from gateway.core.notes import Notes
from gateway.core.requests import (
    AnyJSON,
    AnyText,
    ChatRequest,
    JSONOf,
    ResponseFormat,
    Thinking,
)
from gateway.dialects.decoding import missing
from gateway.dialects.openai.requests import (
    EFFORTS,
    check_model,
    check_stream_options,
    note_rivals,
    read_sampling,
)
from gateway.dialects.openai.responses import wire
from gateway.dialects.openai.responses.conversation import read_messages
from gateway.dialects.openai.responses.fields import FIELDS
from gateway.dialects.openai.responses.including import LOGPROBS, check_included
from gateway.dialects.openai.responses.input import Placed, placed
from gateway.dialects.openai.responses.items import Item
from gateway.dialects.openai.responses.tools import read_choice, read_tools
from gateway.dialects.openai.tools import json_object

__all__ = ["asked_logprobs", "check", "included", "read"]

NO_OPTIONS: dict[str, Any] = {}


def check(request: wire.ResponseRequest, notes: Notes, unknown: Sequence[str] = ()) -> None:
    """What can be said of a request before anything it names is looked up.

    `Invalid` or `ModelNotFound` where it cannot be answered; what has no effect, the `unknown`
    fields among it, goes into the notes.
    """
    check_model(request.model, "model")
    FIELDS.check(request, notes, unknown)
    if request.stream_options:
        check_stream_options(request.stream, request.stream_options, notes)
    check_state(request)
    check_include(request, notes)
    if request.text and request.text.verbosity not in (None, "medium"):
        notes.ignore("text.verbosity")
    for name in ("mode", "context"):
        if getattr(request.reasoning, name, None) not in (None, "auto", "standard"):
            notes.ignore(f"reasoning.{name}")
    note_rivals(request, request.options or NO_OPTIONS, notes, "max_output_tokens")


def read(
    request: wire.ResponseRequest,
    items: Sequence[Placed],
    notes: Notes,
    *,
    history: Sequence[Item] = (),
) -> ChatRequest:
    """The request, which was checked, in core terms; `InvalidRequest` if nothing was said at all.

    `history` are the items that come before, of a chain of responses or of a conversation, `items`
    the request's own. Instructions are those of this request alone.
    """
    offer = read_tools(request.tools, notes)
    tools, choice = read_choice(request.tool_choice, offer, notes)
    response_format = read_format(request.text.format if request.text else None)
    spoken = read_messages([*placed(history), *items], notes)
    if not spoken:
        raise InvalidRequest("Nothing was said yet that could be answered.", param="input")
    return ChatRequest(
        model=request.model,
        messages=(*read_instructions(request.instructions), *spoken),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=request.parallel_tool_calls is not False,
        sampling=read_sampling(request, request.max_output_tokens, response_format, notes),
        response_format=response_format,
        logprobs=asked_logprobs(request),
        thinking=read_thinking(request, notes),
        stream=bool(request.stream),
        context_length=request.num_ctx,
        keep_alive=request.keep_alive,
        options=request.options or NO_OPTIONS,
        notes=notes,
    )


def read_instructions(instructions: str | None) -> tuple[Message, ...]:
    return (SystemMessage(text(instructions)),) if instructions else ()


def check_state(request: wire.ResponseRequest) -> None:
    if request.previous_response_id is not None and request.conversation is not None:
        raise InvalidRequest(
            "'previous_response_id' and 'conversation' exclude each other.",
            param="previous_response_id",
            reason="mutually_exclusive_parameters",
        )
    if request.background and request.store is False:
        raise InvalidRequest(
            "'background' needs 'store': nobody could ask for the response.", param="background"
        )


def check_include(request: wire.ResponseRequest, notes: Notes) -> None:
    check_included(request.include or (), notes)
    if request.top_logprobs and not included(request, LOGPROBS):
        notes.ignore("top_logprobs", why=f"has no effect unless 'include' has '{LOGPROBS}'")


def included(request: wire.ResponseRequest, name: str) -> bool:
    return name in (request.include or ())


def asked_logprobs(request: wire.ResponseRequest) -> int | None:
    """How many alternatives to each token; `None` when no logprobs are asked for."""
    return request.top_logprobs or 0 if included(request, LOGPROBS) else None


def read_thinking(request: wire.ResponseRequest, notes: Notes) -> Thinking:
    """Ollama's own word wins over OpenAI's."""
    effort = request.reasoning.effort if request.reasoning else None
    if request.think is None:
        return EFFORTS[effort] if effort else None
    if effort:
        notes.ignore("reasoning.effort", why="gives way to 'think'")
    return request.think


def read_format(asked: wire.Format | None) -> ResponseFormat:
    if asked is None or asked.type == "text":
        return AnyText()
    if asked.json_schema is not wire.ABSENT:
        raise InvalidRequest(
            "The fields of 'text.format.json_schema' belong beside 'type' in this API.",
            param="text.format.json_schema",
            reason="unknown_parameter",
        )
    if asked.type == "json_object":
        return AnyJSON()
    if asked.name is None:
        raise missing("text.format.name")
    schema = json_object(asked.schema, "text.format.schema")
    if schema is None:
        raise missing("text.format.schema")
    return JSONOf(asked.name, schema, asked.strict or False)
