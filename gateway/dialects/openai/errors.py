"""Domain errors as OpenAI's error object.

The shape is the same on every status, route and method; all four keys are always there and `code`
is a string or null (OpenAI API reference, "Error codes"; openai-python reads `body["error"]`).
"""

from typing import NamedTuple

import msgspec
from msgspec import Struct

from gateway.core import errors

__all__ = ["ErrorBody", "ErrorObject", "Verdict", "error_body", "verdict"]


class ErrorObject(Struct, frozen=True):
    """What went wrong. `param` names the field at fault, `code` is a word for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(Struct, frozen=True):
    """The whole body of an answer that is not 2xx, and of the frame that ends a failed stream."""

    error: ErrorObject


class Verdict(NamedTuple):
    """How OpenAI's API answers a kind of error. A `code` of `None` is null or the error's own."""

    status: int
    type: str
    code: str | None


INVALID = "invalid_request_error"
SERVER = "server_error"

# The first class that fits decides, so subclasses stand before their bases.
TABLE: dict[type[errors.MochiError], Verdict] = {
    errors.Unsupported: Verdict(400, INVALID, "unsupported_parameter"),
    errors.Invalid: Verdict(400, INVALID, None),
    errors.ModelNotFound: Verdict(404, INVALID, "model_not_found"),
    errors.NotFound: Verdict(404, INVALID, None),
    errors.Conflict: Verdict(409, INVALID, None),
    errors.StorageUnavailable: Verdict(503, SERVER, "storage_unavailable"),
    errors.ToolsUnavailable: Verdict(500, SERVER, "tools_unavailable"),
    errors.MethodNotAllowed: Verdict(405, INVALID, "method_not_supported"),
    errors.CloudDisabled: Verdict(403, "permission_error", "cloud_disabled"),
    errors.ToolExecutionDenied: Verdict(403, "permission_error", "tool_execution_denied"),
    errors.Denied: Verdict(403, "permission_error", None),
    errors.HostRefused: Verdict(403, INVALID, "host_refused"),
    errors.OriginRefused: Verdict(403, INVALID, "origin_refused"),
    errors.UnsupportedMediaType: Verdict(415, INVALID, "unsupported_media_type"),
    errors.InvalidAPIKey: Verdict(401, INVALID, "invalid_api_key"),
    errors.TooLarge: Verdict(413, INVALID, "too_large"),
    errors.Overloaded: Verdict(503, SERVER, "overloaded"),
    errors.BackendUnreachable: Verdict(502, SERVER, "upstream_unavailable"),
    errors.ModelLoadFailed: Verdict(503, SERVER, "model_load_failed"),
    errors.InvalidAnswer: Verdict(502, SERVER, "invalid_answer"),
    errors.BackendFailed: Verdict(502, SERVER, "upstream_error"),
    errors.BackendBusy: Verdict(503, SERVER, "overloaded"),
    errors.BackendRateLimited: Verdict(429, "rate_limit_error", "rate_limit_exceeded"),
    errors.BackendTimeout: Verdict(504, SERVER, "upstream_timeout"),
    errors.Upstream: Verdict(502, SERVER, "upstream_error"),
}

UNEXPECTED = Verdict(500, SERVER, None)


def verdict(error: Exception) -> Verdict:
    """The row of the table for this error; anything that is no domain error is our own fault."""
    for kind, row in TABLE.items():
        if isinstance(error, kind):
            return row
    return UNEXPECTED


def error_body(error: Exception) -> bytes:
    """The JSON of the error object. An unexpected exception tells nothing about itself."""
    row = verdict(error)
    if not isinstance(error, errors.MochiError):
        return msgspec.json.encode(
            ErrorBody(ErrorObject("The gateway failed unexpectedly.", row.type, None, None))
        )
    code = row.code
    match error:
        case errors.Invalid(reason=str(reason)):
            code = reason
        case errors.InvalidAPIKey(given=False):
            code = None
    return msgspec.json.encode(ErrorBody(ErrorObject(error.message, row.type, error.param, code)))
