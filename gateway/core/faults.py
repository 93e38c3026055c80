"""What an error says to programs and people, before any protocol has dressed it."""

from typing import Any, NamedTuple

from gateway.core.errors import Invalid, InvalidRequest, MochiError

__all__ = ["Fault", "fault_of", "let_go", "message_of", "word_of"]


class Fault(NamedTuple):
    """mochi's own form of an error."""

    code: str
    message: str
    details: dict[str, Any]


def fault_of(error: Exception) -> Fault:
    """A field that is to blame is listed in `details["errors"]`; of what is no domain error,
    nothing is told."""
    message = message_of(error)
    if not isinstance(error, MochiError):
        return Fault("INTERNAL_ERROR", message, {})
    if not isinstance(error, InvalidRequest):
        return Fault(error.code, message, error.details)
    to_blame = [{"field": error.param or "", "message": message}]
    return Fault(error.code, message, {**error.details, "errors": to_blame})


def word_of(error: Exception) -> str:
    """An error in one word: our code, or the reason, in OpenAI's words, of an invalid request.

    So a context window that was too small can be told from a typing error.
    """
    reason = error.reason if isinstance(error, Invalid) else None
    return reason or fault_of(error).code


def message_of(error: Exception) -> str:
    if isinstance(error, MochiError):
        return error.message
    return "The gateway failed unexpectedly."


def let_go(error: BaseException | None) -> None:
    """Forget where an error came from, once it was told and logged.

    The frames of its traceback hold the request. Where one of them, or a task, holds the error as
    well, megabytes would wait for the garbage collector, which hardly ever runs.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
