"""Errors in the words of this API, and responses that came to no end."""

from typing import Any, Literal, TypeVar

import msgspec

from gateway.core.errors import (
    AgentInvalid,
    BackendRateLimited,
    ConversationDeleted,
    Invalid,
    MochiError,
    ModelNotFound,
    NotFound,
)
from gateway.core.faults import message_of
from gateway.dialects.openai.errors import verdict
from gateway.dialects.openai.responses import items, wire
from gateway.dialects.openai.responses.including import LOGPROBS

__all__ = ["blamed", "cancelled", "failed"]


E = TypeVar("E", bound=Exception)

# Backends call fields as chat completions do; so they are called here.
NAMES = {
    "logprobs": LOGPROBS,
    "max_completion_tokens": "max_output_tokens",
    "max_tokens": "max_output_tokens",
    "messages": "input",
    "reasoning_effort": "reasoning.effort",
    "response_format": "text.format",
    "response_format.json_schema.schema": "text.format.schema",
}


def blamed(error: E) -> E:
    """The same error, in the words of this API."""
    match error:
        case ModelNotFound() | AgentInvalid():
            error.param = "model"
        case MochiError(param=str(theirs)) if theirs in NAMES:
            ours = NAMES[theirs]
            error.message = error.message.replace(f"'{theirs}'", f"'{ours}'")
            error.args = (error.message,)
            error.param = "include" if ours == LOGPROBS else ours
    return error


def failed(
    response: wire.Response, output: list[items.OutputItem], error: Exception
) -> wire.Response:
    """The response that an error has ended; `output` is what there was of it."""
    blamed(error)
    param = error.param if isinstance(error, MochiError) else None
    failure = wire.Failure(code_of(error), message_of(error), verdict(error).type, param)
    return unfinished(response, status="failed", error=failure, output=output)


def cancelled(response: wire.Response, output: list[items.OutputItem]) -> wire.Response:
    """The response that its caller has ended."""
    return unfinished(response, status="cancelled", output=output)


def unfinished(response: wire.Response, **changes: Any) -> wire.Response:
    """What was whole already may still fail, as when it cannot be kept."""
    return msgspec.structs.replace(response, completed_at=None, incomplete_details=None, **changes)


def code_of(error: Exception) -> Literal["server_error", "rate_limit_exceeded", "invalid_prompt"]:
    """The SDK's types know these words and no others; `type` and the message tell the rest."""
    match error:
        case BackendRateLimited():
            return "rate_limit_exceeded"
        case ConversationDeleted():  # there was nothing wrong with the question
            return "server_error"
        case Invalid() | NotFound():
            return "invalid_prompt"
    return "server_error"
