"""From Ollama's errors to ours: one table of statuses and loose text patterns.

Ollama has no error codes, and its words change between versions; so the patterns are short, and
the first rule that fits wins.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from adapters.ollama import wire
from adapters.ollama.complaints import Complaint, complaint
from adapters.upstream.errors import (
    ConnectFailed,
    ConnectionBroken,
    LimitExceeded,
    Malformed,
    Silent,
    UpstreamError,
)
from gateway.core.errors import (
    BackendBusy,
    BackendFailed,
    BackendRateLimited,
    BackendTimeout,
    BackendUnreachable,
    CloudDisabled,
    ContextOverflow,
    InvalidRequest,
    MochiError,
    ModelLoadFailed,
    ModelNotFound,
    Unsupported,
)

__all__ = ["garbled", "not_fetched", "refused", "reported", "unanswered"]

_decode_error = msgspec.json.Decoder(wire.ErrorAnswer).decode


class _Refusal(Struct, frozen=True):
    """`status` is 200 for an error inside an answer, `model` `""` for calls without one."""

    status: int
    complaint: Complaint
    model: str
    retry_after: float | None

    @property
    def message(self) -> str:
        return self.complaint.shown or f"an error without explanation (status {self.status})"


def refused(
    status: int, body: bytes, *, model: str = "", retry_after: float | None = None
) -> MochiError:
    """The error behind an answer with another status than 200.

    `model` is the name as the caller spelled it, `""` for calls without one; `retry_after` are the
    seconds that the header of that name asks for.
    """
    try:
        error = _decode_error(body).error
    except (ValueError, RecursionError):
        error = None  # a proxy's page, or the plain text of an unknown path: not for showing
    return reported(error, status=status, model=model, retry_after=retry_after)


def reported(
    error: str | dict[str, Any] | None,
    *,
    status: int = 200,
    model: str = "",
    retry_after: float | None = None,
) -> MochiError:
    """The error behind the `error` of a body, or of a line in the middle of an answer."""
    said = complaint(error)
    refusal = _Refusal(status, said, model, retry_after)
    clue = said.clue
    for rule_status, pattern, build in _RULES:
        if rule_status in (None, status) and pattern.search(clue):
            return build(refusal)
    return _failed(refusal)


def not_fetched(param: str) -> Unsupported:
    """An image behind a URL, which Ollama would not fetch either."""
    return Unsupported(
        "Remote images are not fetched here: send a data URI (data:image/png;base64,…), or set"
        " MOCHI_ALLOW_REMOTE_IMAGES=true to allow fetching.",
        param=param,
        reason="unsupported_value",
    )


def garbled() -> BackendFailed:
    """For bytes that are no JSON, or JSON of other types than Ollama's."""
    return BackendFailed("Ollama's answer is garbled: it is not the JSON that was expected.")


def unanswered(error: UpstreamError, host: str) -> MochiError:
    """The error behind a call that got no whole answer from `host` (`127.0.0.1:11434`)."""
    match error:
        case ConnectFailed():
            return BackendUnreachable(
                f"Ollama cannot be reached at {host}. {error} Check that it is running "
                "(`ollama serve`) and that this is its address."
            )
        case Silent():
            return BackendTimeout(f"Ollama at {host} has said nothing for too long.")
        case ConnectionBroken():
            return BackendFailed("Ollama closed the connection before its answer was whole.")
        case LimitExceeded():
            return BackendFailed("Ollama's answer is larger than the gateway accepts.")
        case Malformed():
            return BackendFailed(f"What answers at {host} does not speak HTTP as Ollama does.")
    return BackendFailed("The call of Ollama failed.")


def _failed(refusal: _Refusal) -> MochiError:
    return BackendFailed(f"Ollama reported: {refusal.message}")


def _not_ollama(refusal: _Refusal) -> MochiError:
    return BackendFailed(
        f"What answers is no Ollama, or one too old for this call (status {refusal.status})."
    )


def _model_missing(refusal: _Refusal) -> MochiError:
    return ModelNotFound(refusal.model) if refusal.model else _failed(refusal)


def _signed_out(refusal: _Refusal) -> MochiError:
    return BackendFailed(
        f"Ollama is not signed in to its cloud (status {refusal.status}): `ollama signin` does it."
    )


def _unauthorized(refusal: _Refusal) -> MochiError:
    return BackendFailed(
        f"Ollama, or a proxy in front of it, wants credentials (status {refusal.status})."
    )


def _turned_away(refusal: _Refusal) -> MochiError:
    return BackendFailed(
        f"Ollama turned the gateway itself away (status {refusal.status}), as it does when the "
        "name it is called by is not one of its own."
    )


def _cloud_disabled(refusal: _Refusal) -> MochiError:
    return CloudDisabled(
        f"The model '{refusal.model}' runs in Ollama's cloud, which this Ollama has switched off."
    )


def _rate_limited(refusal: _Refusal) -> MochiError:
    return BackendRateLimited(f"Ollama reported: {refusal.message}", refusal.retry_after)


def _busy(refusal: _Refusal) -> MochiError:
    pause = 1 if refusal.retry_after is None else refusal.retry_after
    return BackendBusy(f"Ollama reported: {refusal.message}", pause)


def _load_failed(refusal: _Refusal) -> MochiError:
    return ModelLoadFailed(f"Ollama cannot load the model: {refusal.message}")


def _overflow(refusal: _Refusal) -> MochiError:
    details: dict[str, Any] = dict(refusal.complaint.counts)
    return ContextOverflow(refusal.message, **details)


def _invalid(param: str | None) -> Callable[[_Refusal], MochiError]:
    return lambda refusal: InvalidRequest(refusal.message, param=param)


def _unsupported(
    what: str, param: str, reason: str = "unsupported_parameter"
) -> Callable[[_Refusal], MochiError]:
    return lambda refusal: Unsupported(
        f"The model '{refusal.model}' does not support {what}.", param=param, reason=reason
    )


_Rule = tuple[int | None, re.Pattern[str], Callable[[_Refusal], MochiError]]


def _rule(status: int | None, pattern: str, build: Callable[[_Refusal], MochiError]) -> _Rule:
    return status, re.compile(pattern, re.IGNORECASE | re.DOTALL), build


# `None` stands for any status. What quotes the caller or the model comes first, because a quoted
# text may hold the words that later rules look for.
_RULES: tuple[_Rule, ...] = (
    _rule(404, r"^$", _not_ollama),
    _rule(405, r"^$", _not_ollama),
    _rule(404, r"", _model_missing),
    _rule(400, r"^invalid model name", _model_missing),
    _rule(None, r"^model ['\"].*['\"] not found", _model_missing),
    _rule(None, r"^option .* must be", _invalid("options")),
    _rule(None, r"unsupported value: [+-]?(Inf|NaN)", _invalid("options")),
    _rule(None, r"^invalid format", _invalid("response_format")),
    _rule(None, r"^(invalid )?think value", _invalid("reasoning_effort")),
    _rule(None, r"^the model produced|invalid tool call arguments", _failed),
    _rule(401, r"^$", _unauthorized),
    _rule(401, r"", _signed_out),
    _rule(402, r"", _signed_out),
    _rule(403, r"^$", _turned_away),
    _rule(403, r"cloud", _cloud_disabled),
    _rule(429, r"", _rate_limited),
    _rule(503, r"", _busy),
    _rule(None, r"server busy|maximum pending requests", _busy),
    _rule(
        None,
        r"exceed_context_size|exceeds? the (available )?context (size|length)"
        r"|longer than the context length",
        _overflow,
    ),
    _rule(None, r"does not support tools", _unsupported("tools", "tools")),
    _rule(None, r"does not support thinking", _unsupported("thinking", "reasoning_effort")),
    _rule(None, r"does not support insert", _unsupported("insertion", "suffix")),
    _rule(
        None,
        r"does not support (chat|generate)",
        _unsupported("chat", "model", "unsupported_value"),
    ),
    _rule(
        None,
        r"does not support embed",
        _unsupported("embeddings", "model", "unsupported_value"),
    ),
    _rule(
        None,
        r"(image|audio) input is not supported",
        _unsupported("images or sounds", "messages", "unsupported_value"),
    ),
    _rule(None, r"only supports one image", _invalid("messages")),
    _rule(
        None,
        r"out.of.memory|more system memory|cudaMalloc failed|failed to allocate"
        r"|process has terminated|error starting llama-server|may be incompatible"
        r"|llama-server binary not found|timed out waiting for llama|unable to load model"
        r"|(failed to|error) load(ing)? (the )?model",
        _load_failed,
    ),
    _rule(400, r"^model is required", _invalid("model")),
    _rule(400, r"base64", _invalid("messages")),
    _rule(400, r"^top_logprobs", _invalid("top_logprobs")),
    _rule(400, r"^time: ", _invalid("keep_alive")),
    _rule(400, r"", _invalid(None)),
)
