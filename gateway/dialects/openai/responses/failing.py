"""Errors in the words of this API, and responses that came to no end."""

from typing import Any, Literal, TypeVar

import msgspec

from gateway.core.errors import (
    BackendRateLimited,
    ContextOverflow,
    Invalid,
    MochiError,
    ModelNotFound,
    NotFound,
)
from gateway.core.faults import message_of
from gateway.dialects.openai.errors import verdict
from gateway.dialects.openai.responses import items, wire

__all__ = ["blamed", "cancelled", "failed"]


E = TypeVar("E", bound=Exception)


def blamed(error: E) -> E:
    """The same error; the backend, which knows no API, may have named the field of another."""
    match error:
        case ContextOverflow():
            error.param = "input"
        case ModelNotFound():
            error.param = "model"
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
        case Invalid() | NotFound():
            return "invalid_prompt"
    return "server_error"
