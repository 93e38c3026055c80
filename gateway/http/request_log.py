"""What the log says of each request: who asked for what, what came of it, and how long it took.

Bodies are none of it, nor headers; what looks like a key in a query is left out.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from gateway.core.notes import ModelAnswer, Notes

__all__ = ["ACCESS", "LogRequest", "Seen", "json_line", "log_as_record", "redacted", "text_of"]

ACCESS = "mochi.access"
LONGEST_QUERY = 1024
SECRET = ("key", "token", "secret", "passw", "auth", "credential", "signature")
"""What the name of a parameter has in it whose value is nobody's business."""

Seen = tuple[float, Mapping[str, Any], str, int, float, int]
"""A request that is over: when, its scope, its route, the status of the answer (0: nothing was
sent, the client left before), the seconds that it took, and the bytes of the answer's body. No
struct: there is one for every request, and it waits to be written."""

LogRequest = Callable[[Seen], None]

encode = msgspec.json.Encoder().encode
access_log = logging.getLogger(ACCESS)


def json_line(seen: Seen) -> bytes:
    """One JSON object. Times are milliseconds; what models were asked for stands at the end.

    A plain dict: a struct with all these fields costs three times as much.
    """
    at, scope, route, status, seconds, size = seen
    state = scope["state"]
    entry: dict[str, Any] = {
        "time": datetime.fromtimestamp(at, UTC),
        "level": "INFO",
        "logger": ACCESS,
        "request_id": state["request_id"],
        "client": (scope.get("client") or [None])[0],
        "method": scope.get("method", "WEBSOCKET"),
        "path": scope["path"],
        "route": route,
        "status": status,
        "duration_ms": milliseconds(seconds),
        "bytes": size,
    }
    if query := scope.get("query_string"):
        entry["query"] = redacted(query)
    if error := state.get("error"):
        entry["error"] = error
    if session := scope.get("path_params", NOTHING).get("session_id"):
        entry["session"] = session
    notes: Notes | None = state.get("notes")
    if notes is not None:
        add_notes(entry, notes)
    return encode(entry)


NOTHING: Mapping[str, str] = {}


def add_notes(entry: dict[str, Any], notes: Notes) -> None:
    """What is known of the models' part, and of what was done to the request."""
    if notes.model:
        entry["model"] = notes.model
    if notes.last_answer is not None:
        add_answers(entry, notes.last_answer)
    if notes.num_ctx is not None:
        entry["num_ctx"] = notes.num_ctx
    if notes.answer:
        entry["answer"] = notes.answer
    if notes.ending:
        entry["stream"] = notes.ending
    if notes.session:
        entry["session"] = notes.session
    if notes.error:
        entry["error"] = notes.error
    if notes.ignored:
        entry["ignored"] = [*notes.ignored]
    if notes.repairs:
        entry["repairs"] = notes.repairs
    if notes.retries:
        entry["retries"] = notes.retries


def add_answers(entry: dict[str, Any], answer: ModelAnswer) -> None:
    """The last answer's reason, the first one's first token, and what all of them took: tokens and,
    by Ollama's own clock, time."""
    _, end, first_token, before = answer
    usage, took = end.usage, end.timings.total
    prompts, completions = usage.prompt_tokens, usage.completion_tokens
    entry["finish_reason"] = end.reason
    while before is not None:
        _, end, first_token, before = before
        prompts += end.usage.prompt_tokens
        completions += end.usage.completion_tokens
        took += end.timings.total
    entry["prompt_tokens"] = prompts
    entry["completion_tokens"] = completions
    entry["first_token_ms"] = milliseconds(first_token)
    entry["upstream_ms"] = took // 10_000 / 100


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
    """The query with `***` for the value of whatever may be a key."""
    parts: list[str] = []
    for part in query[:LONGEST_QUERY].decode("latin-1").split("&"):
        name, given, _ = part.partition("=")
        word = unquote_plus(name).lower()
        secret = given and any(fragment in word for fragment in SECRET)
        parts.append(f"{name}=***" if secret else part)
    return "&".join(parts)
