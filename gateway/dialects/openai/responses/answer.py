"""What a request settles about the response object, before there is any output."""

from typing import Any

from msgspec import UNSET, Struct

from gateway.core.notes import Notes
from gateway.dialects.openai.responses import wire
from gateway.dialects.openai.responses.including import ENCRYPTED, LOGPROBS
from gateway.dialects.openai.responses.reading import included
from gateway.dialects.openai.responses.tools import echo_tools, read_tools

__all__ = ["Answer", "answering"]


class Answer(Struct, frozen=True, kw_only=True):
    """What is the same in every event of an answer.

    `response` is the object without output, in progress. With `logprobs` they were asked for; with
    `summary` reasoning is shown as a summary, else as content; with `encrypted` it also goes into
    `encrypted_content`.
    """

    response: wire.Response
    logprobs: bool = False
    summary: bool = False
    encrypted: bool = False


def answering(request: wire.ResponseRequest, *, id: str, created: int) -> Answer:
    """The answer to a request that was read; `created` in seconds since 1970."""
    reasoning = request.reasoning or wire.Reasoning()
    summary = reasoning.summary or reasoning.generate_summary
    response = wire.Response(
        id=id,
        created_at=created,
        status="in_progress",
        model=request.model,
        instructions=request.instructions,
        previous_response_id=request.previous_response_id,
        conversation=echo_conversation(request.conversation),
        background=bool(request.background),
        store=request.store is not False,
        reasoning=wire.EchoedReasoning(reasoning.effort, summary),
        text=wire.EchoedText(echo_format(request.text.format if request.text else None)),
        tools=echo_tools(read_tools(request.tools, Notes()).tools),
        tool_choice="auto" if request.tool_choice is None else request.tool_choice,
        **given(request),
    )
    return Answer(
        response=response,
        logprobs=included(request, LOGPROBS),
        summary=summary is not None,
        encrypted=included(request, ENCRYPTED),
    )


# Told back as they came; what was not given has the response's own default.
ECHOED = (
    "max_output_tokens",
    "max_tool_calls",
    "parallel_tool_calls",
    "temperature",
    "top_p",
    "top_logprobs",
    "presence_penalty",
    "frequency_penalty",
    "truncation",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
)


def given(request: wire.ResponseRequest) -> dict[str, Any]:
    values = {name: getattr(request, name) for name in ECHOED}
    return {name: value for name, value in values.items() if value is not None}


def echo_conversation(conversation: str | wire.Conversation | None) -> wire.Conversation | None:
    return wire.Conversation(conversation) if isinstance(conversation, str) else conversation


def echo_format(asked: wire.Format | None) -> wire.EchoedFormat:
    if asked is None:
        return wire.EchoedFormat()
    if asked.type != "json_schema":
        return wire.EchoedFormat(type=asked.type)
    return wire.EchoedFormat(
        type="json_schema",
        name=asked.name or UNSET,
        description=asked.description,
        schema=asked.schema,
        strict=asked.strict or False,
    )
