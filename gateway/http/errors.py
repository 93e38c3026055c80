"""One answer for every error, in the shape of the API family that was asked.

`/api/v1` answers mochi's `{"error": {"code", "message", "details"}}`, any other `/api/` Ollama's
`{"error": text}`, everything else OpenAI's object.
"""

import logging
from typing import NamedTuple

import msgspec
from litestar.types import Send

from gateway.core import errors
from gateway.core.faults import fault_of, message_of
from gateway.dialects.openai.errors import error_body, verdict

__all__ = ["Rendered", "log_failure", "render", "send_error"]

log = logging.getLogger("mochi")


# Where `/api/v1` answers otherwise than OpenAI does.
MOCHI_STATUS: dict[type[Exception], int] = {
    errors.InvalidRequest: 422,
    errors.AgentInvalid: 422,
    errors.ContextOverflow: 422,
    errors.ModelLoadFailed: 502,
}


class Rendered(NamedTuple):
    """A whole answer, ready to send."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def render(path: str, error: Exception) -> Rendered:
    """The answer to a request for `path` that ended in `error`."""
    status = verdict(error).status
    if path == "/api/v1" or path.startswith("/api/v1/"):
        status = MOCHI_STATUS.get(type(error), status)
        body = mochi_body(error)
    elif path.startswith("/api/"):
        body = msgspec.json.encode({"error": message_of(error)})
    else:
        body = error_body(error)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        *extra_headers(error),
    ]
    return Rendered(status, headers, body)


async def send_error(send: Send, path: str, error: Exception) -> None:
    """Answer a request for `path` with `error`."""
    log_failure(repr(path), error)
    status, headers, body = render(path, error)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def log_failure(what: str, error: Exception) -> None:
    """What is no domain error is a fault of ours, and its trace is for the log alone; what Ollama
    did wrong is a line for whoever runs it."""
    if isinstance(error, errors.Upstream):
        log.warning("%s failed: %s", what, error.message)
    elif not isinstance(error, errors.MochiError):
        log.error("Unexpected error: %s", what, exc_info=error)


def mochi_body(error: Exception) -> bytes:
    """mochi's own error object."""
    return msgspec.json.encode({"error": fault_of(error)._asdict()})


def extra_headers(error: Exception) -> list[tuple[bytes, bytes]]:
    """The headers by which a client learns whether, when and how to ask again.

    openai-python and openai-node retry every status of 500 and above unless `x-should-retry` says
    otherwise; a model that cannot be loaded would be loaded three times.
    """
    match error:
        case errors.MethodNotAllowed(allow=allow):
            return [(b"allow", ", ".join(allow).encode("latin-1"))]
        case errors.InvalidAPIKey():
            return [(b"www-authenticate", b"Bearer")]
        case errors.ModelLoadFailed() | errors.InvalidAnswer():
            return [(b"x-should-retry", b"false")]
        case errors.Overloaded() | errors.BackendBusy():
            return [(b"retry-after", b"%g" % error.retry_after)]
        case errors.BackendRateLimited(retry_after=float(seconds)):
            return [(b"retry-after", b"%g" % seconds)]
        case _:
            return []
