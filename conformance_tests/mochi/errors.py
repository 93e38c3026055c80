"""Refusals of our own gateway, which keeps to OpenAI's envelope wherever it refuses."""

from typing import Any

from conformance_tests import checks
from conformance_tests.wire import Answer

__all__ = ["error_of"]


def error_of(answer: Answer) -> dict[str, Any]:
    """The error object: under its key, its four keys there, and `code` never a number."""
    error = checks.error_of(answer)
    assert answer.json == {"error": error}
    assert error.keys() == {"message", "type", "param", "code"}
    assert isinstance(error["message"], str)
    assert isinstance(error["type"], str)
    assert isinstance(error["param"], str | None)
    assert isinstance(error["code"], str | None)
    return error
