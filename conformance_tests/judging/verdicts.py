"""The four verdicts, and how a check says that a server does not offer what it asks for."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NoReturn

from _pytest.outcomes import Skipped  # `pytest.skip.Exception`, which types cannot inherit from

from conformance_tests.wire import Answer

__all__ = [
    "NO_SUCH_ROUTE",
    "NotOffered",
    "Verdict",
    "not_offered",
    "offered",
    "route_offered",
    "said_by",
    "verdict_of_cases",
]

NO_SUCH_ROUTE = (404, 405, 501)
REFUSALS = (400, 403, *NO_SUCH_ROUTE, 422)


class Verdict(StrEnum):
    """What a check says of a server."""

    PASS = "pass"
    FAIL = "fail"
    NOT_OFFERED = "not offered"
    """The server refuses by name, or has no such route."""
    SKIPPED = "skipped"
    """It needs a model that can do something, and none was named."""


class NotOffered(Skipped):
    """The server says that it does not do this. For plain pytest a kind of skip."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, _use_item_location=True)


def not_offered(answer: Answer | str) -> NoReturn:
    """End the check with this verdict; the reason is what the server said."""
    raise NotOffered(answer if isinstance(answer, str) else said_by(answer))


def offered(answer: Answer, *names: str) -> Answer:
    """The answer, unless it refuses one of these fields by its name."""
    if answer.status in REFUSALS and any(is_named(answer, name) for name in names):
        not_offered(answer)
    return answer


def route_offered(answer: Answer) -> Answer:
    """The answer, unless it says that there is no such route, or that nothing is behind it."""
    if answer.status in NO_SUCH_ROUTE and error_object(answer).get("code") != "model_not_found":
        not_offered(answer)
    return answer


def is_named(answer: Answer, name: str) -> bool:
    """Whether an error is about this field: by its `param`, or in its words where it has none."""
    error = error_object(answer)
    param = error.get("param")
    if isinstance(param, str) and param:
        return re.match(rf"{re.escape(name)}(\W|$)", param) is not None
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", str(error.get("message"))) is not None


def verdict_of_cases(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on a check with these cases: the first of the four that any of them has."""
    found = set(verdicts)
    for verdict in (Verdict.FAIL, Verdict.NOT_OFFERED, Verdict.PASS):
        if verdict in found:
            return verdict
    return Verdict.SKIPPED


def said_by(answer: Answer) -> str:
    """The status and the message of a refusal."""
    message = error_object(answer).get("message")
    said = message if isinstance(message, str) else answer.body[:200].decode("utf-8", "replace")
    return f"{answer.status}: {said}" if said else f"{answer.status}"


def error_object(answer: Answer) -> dict[str, Any]:
    """What stands under `error`; with a `message` alone where servers have a bare string there."""
    try:
        body = answer.json
    except ValueError:
        return {}
    error = body.get("error", body.get("detail")) if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {"message": error} if error else {}
