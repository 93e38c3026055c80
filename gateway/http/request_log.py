"""What the log says of each request: who asked for what, what came of it, and how long it took.

Bodies are none of it, nor headers; what looks like a key in a query is left out.
"""

import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import unquote_plus

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gateway.core.notes import ModelAnswer, Notes

__all__ = ["ACCESS", "LogRequest", "Seen", "json_line", "log_as_record", "redacted", "text_of"]

ACCESS = "mochi.access"
LONGEST_QUERY, LONGEST_NAME, MOST_NAMES = 1024, 128, 32
SECRET = ("key", "token", "secret", "pass", "pwd", "auth", "credential", "sig", "jwt")
"""What the name of a parameter has in it whose value is nobody's business."""

KEY = re.compile(r"\bsk-")
PARAMETER = re.compile("[^&;]+")

Seen = tuple[float, Mapping[str, Any], str, int, float, int]
"""A request that is over: when, its scope, its route, the status of the answer (0: nothing was
sent, the client left before), the seconds that it took, and the bytes of the answer's body. No
struct: there is one for every request."""

LogRequest = Callable[[Seen], None]

encode = msgspec.json.Encoder().encode
access_log = logging.getLogger(ACCESS)


class Line(Struct, gc=False):
    """A line of the log, each field as JSON has it; what is `UNSET` is left out.

    Made with its fields in this order: that, and a struct, take half the time of a dict.
    """

    time: datetime
    request_id: str
    client: str | None
    method: str
    path: str
    route: str
    status: int
    duration_ms: float
    bytes: int
    level: str = "INFO"
    logger: str = ACCESS
    model: str | UnsetType = UNSET
    finish_reason: str | UnsetType = UNSET
    prompt_tokens: int | UnsetType = UNSET
    completion_tokens: int | UnsetType = UNSET
    first_token_ms: float | UnsetType = UNSET
    upstream_ms: float | UnsetType = UNSET
    num_ctx: int | UnsetType = UNSET
    query: str | UnsetType = UNSET
    error: str | UnsetType = UNSET
    session: str | UnsetType = UNSET
    answer: str | UnsetType = UNSET
    stream: str | UnsetType = UNSET
    ignored: list[str] | UnsetType = UNSET
    repairs: list[str] | UnsetType = UNSET
    retries: int | UnsetType = UNSET


NOBODY = (None,)
NOTHING: Mapping[str, str] = {}


def json_line(seen: Seen) -> bytes:
    """One JSON object. Times are milliseconds; what models were asked for stands at the end."""
    at, scope, route, status, seconds, size = seen
    state = scope["state"]
    line = Line(
        datetime.fromtimestamp(at, UTC),
        state["request_id"],
        (scope.get("client") or NOBODY)[0],
        scope.get("method", "WEBSOCKET"),
        scope["path"],
        route,
        status,
        milliseconds(seconds),
        size,
    )
    if query := scope.get("query_string"):
        line.query = redacted(query)
    if error := state.get("error"):
        line.error = error
    if session := scope.get("path_params", NOTHING).get("session_id"):
        line.session = session
    notes: Notes | None = state.get("notes")
    if notes is not None:
        add_notes(line, notes)
    return encode(line)


def add_notes(line: Line, notes: Notes) -> None:
    """What is known of the models' part, and of what was done to the request."""
    if notes.model:
        line.model = notes.model[:LONGEST_NAME]
    if notes.last_answer is not None:
        add_answers(line, notes.last_answer)
    if notes.num_ctx is not None:
        line.num_ctx = notes.num_ctx
    if notes.answer:
        line.answer = notes.answer
    if notes.ending:
        line.stream = notes.ending
    if notes.session:
        line.session = notes.session
    if notes.error:
        line.error = notes.error
    if notes.ignored:
        line.ignored = [name[:LONGEST_NAME] for name in islice(notes.ignored, MOST_NAMES)]
    if notes.repairs:
        line.repairs = notes.repairs
    if notes.retries:
        line.retries = notes.retries


def add_answers(line: Line, answer: ModelAnswer) -> None:
    """The last answer's reason, the first one's first token, and what all of them took: tokens and,
    by Ollama's own clock, time."""
    _, end, first_token, before = answer
    usage, took = end.usage, end.timings.total
    prompts, completions = usage.prompt_tokens, usage.completion_tokens
    line.finish_reason = end.reason
    while before is not None:
        _, end, first_token, before = before
        prompts += end.usage.prompt_tokens
        completions += end.usage.completion_tokens
        took += end.timings.total
    line.prompt_tokens = prompts
    line.completion_tokens = completions
    line.first_token_ms = milliseconds(first_token)
    line.upstream_ms = took // 10_000 / 100


def milliseconds(seconds: float) -> float:
    return int(seconds * 100_000) / 100


def text_of(seen: Seen) -> str:
    """The same in short, for people."""
    _, scope, _, status, seconds, _ = seen
    path = scope["path"].encode("unicode_escape").decode("ascii")
    method, id = scope.get("method", "WEBSOCKET"), scope["state"]["request_id"]
    return f"{method} {path} {status} {seconds * 1000:.1f}ms {id}"


def log_as_record(seen: Seen) -> None:
    """Log a request as a line of text, wherever the logger's handlers lead."""
    access_log.info("%s", text_of(seen))


def redacted(query: bytes) -> str:
    """The query with `***` for whatever may be a key."""
    return PARAMETER.sub(tellable, query[:LONGEST_QUERY].decode("latin-1"))


def tellable(parameter: re.Match[str]) -> str:
    name, given, value = parameter[0].partition("=")
    word = unquote_plus(name).lower()
    if KEY.search(word):
        return "***"
    secret = given and any(fragment in word for fragment in SECRET)
    return f"{name}=***" if secret or KEY.search(unquote_plus(value)) else parameter[0]
