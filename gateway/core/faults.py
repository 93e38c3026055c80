"""What an error says to programs and people, before any protocol has dressed it."""

from typing import Any, NamedTuple

from gateway.core.errors import InvalidRequest, MochiError

__all__ = ["Fault", "fault_of", "message_of"]


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


def message_of(error: Exception) -> str:
    if isinstance(error, MochiError):
        return error.message
    return "The gateway failed unexpectedly."
