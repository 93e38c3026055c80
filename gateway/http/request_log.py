"""What the log says of each request: who asked for what, what came of it, and how long it took.

Bodies are none of it, nor headers; what looks like a key in a query is left out.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from gateway.core.notes import Notes

__all__ = ["ACCESS", "LogRequest", "Seen", "json_line", "log_as_record", "redacted", "text_of"]

ACCESS = "mochi.access"
LONGEST_QUERY = 1024
SECRET = ("key", "token", "secret", "passw", "auth", "credential", "signature")
"""What the name of a parameter has in it whose value is nobody's business."""

Seen = tuple[float, Mapping[str, Any], str, int, float, int]
"""A request that is over: when, its scope, its route, the status of the answer (0: nothing was
sent, the client left before), the seconds that it took, and the bytes of the answer's body. No
struct: there is one for every request."""

LogRequest = Callable[[Seen], None]

encode = msgspec.json.Encoder().encode
access_log = logging.getLogger(ACCESS)


def json_line(seen: Seen) -> bytes:
    """One JSON object. Times are milliseconds; what models were asked for stands at the end.

    A dict or a struct of all this would take twice and four times as long to make and to encode.
    """
    at, scope, route, status, seconds, size = seen
    state = scope["state"]
    second = int(at)
    line = LINE % (
        stamp(second),
        (at - second) * 1_000_000,
        state["request_id"].encode(),
        encode((scope.get("client") or NOBODY)[0]),
        scope.get("method", "WEBSOCKET").encode(),
        encode(scope["path"]),
        encode(route),
        status,
        seconds * 1000,
        size,
    )
    others: dict[str, Any] = {}
    if query := scope.get("query_string"):
        others["query"] = redacted(query)
    if error := state.get("error"):
        others["error"] = error
    if session := scope.get("path_params", NOTHING).get("session_id"):
        others["session"] = session
    notes: Notes | None = state.get("notes")
    if notes is not None:
        line += answers(notes)
        add_notes(others, notes)
    for name, value in others.items():
        line += b',"%b":%b' % (name.encode(), encode(value))
    return line + b"}"


# Request ids and methods are plain words, and need no escaping.
LINE = (
    b'{"time":"%b.%06dZ","level":"INFO","logger":"mochi.access","request_id":"%b","client":%b,'
    b'"method":"%b","path":%b,"route":%b,"status":%d,"duration_ms":%.2f,"bytes":%d'
)
ANSWERS = (
    b',"finish_reason":"%b","prompt_tokens":%d,"completion_tokens":%d,"first_token_ms":%.2f,'
    b'"upstream_ms":%.2f'
)
NOBODY = (None,)
NOTHING: Mapping[str, str] = {}


@lru_cache(maxsize=4)
def stamp(second: int) -> bytes:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()


def answers(notes: Notes) -> bytes:
    """Which model was asked, the last answer's reason, the first one's first token, and what all of
    them took: tokens and, by Ollama's own clock, time."""
    line = b',"model":%b' % encode(notes.model) if notes.model else b""
    answer = notes.last_answer
    if answer is None:
        return line
    _, end, first_token, before = answer
    reason, usage, took = end.reason, end.usage, end.timings.total
    prompts, completions = usage.prompt_tokens, usage.completion_tokens
    while before is not None:
        _, end, first_token, before = before
        prompts += end.usage.prompt_tokens
        completions += end.usage.completion_tokens
        took += end.timings.total
    return line + ANSWERS % (
        reason.encode(),
        prompts,
        completions,
        first_token * 1000,
        took / 1_000_000,
    )


def add_notes(entry: dict[str, Any], notes: Notes) -> None:
    """What was done to the request."""
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
