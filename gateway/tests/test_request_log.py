"""What is told of a request, and what is not."""

import json
from typing import Any

import pytest

from gateway.core.events import Finished, Timings, Usage
from gateway.core.notes import Notes
from gateway.http.request_log import Seen, json_line, redacted
from gateway.http.requests import Requests
from gateway.tests.asgi import call, hello, streaming

AT = 1_767_323_045.5


def seen(notes: Notes | None = None, **scope: Any) -> Seen:
    state: dict[str, Any] = {"request_id": "abc"}
    if notes is not None:
        state["notes"] = notes
    asked = {"method": "POST", "path": "/v1/x", "client": ("127.0.0.1", 4), "state": state}
    return AT, asked | scope, "/v1/x", 200, 0.01234, 7


def test_a_request_of_which_nothing_is_known() -> None:
    line = json_line(seen())
    assert b"\n" not in line
    assert json.loads(line) == {
        "time": "2026-01-02T03:04:05.500000Z",
        "level": "INFO",
        "logger": "mochi.access",
        "request_id": "abc",
        "client": "127.0.0.1",
        "method": "POST",
        "path": "/v1/x",
        "route": "/v1/x",
        "status": 200,
        "duration_ms": 12.34,
        "bytes": 7,
    }


def test_what_models_took_is_told_together() -> None:
    first = "m", Finished("tool_calls", Usage(10, 2), Timings(3_000_000)), 0.25, None
    last = "m", Finished("stop", Usage(20, 5), Timings(4_500_000)), 0.5, first
    notes = Notes(model="m", last_answer=last, num_ctx=4096, answer="chatcmpl-1", retries=1)
    notes.ending, notes.session, notes.repairs = "complete", "0123456789", ["hermes"]
    notes.ignore("user")
    entry = json.loads(json_line(seen(notes)))
    assert {name: entry[name] for name in [*entry][11:]} == {
        "model": "m",
        "finish_reason": "stop",
        "prompt_tokens": 30,
        "completion_tokens": 7,
        "first_token_ms": 250.0,
        "upstream_ms": 7.5,
        "num_ctx": 4096,
        "answer": "chatcmpl-1",
        "stream": "complete",
        "session": "0123456789",
        "ignored": ["user"],
        "repairs": ["hermes"],
        "retries": 1,
    }


def test_what_a_caller_writes_cannot_break_the_json() -> None:
    hostile = 'a"}\\\n\x00\u2028é\x7f'
    notes = Notes(model=hostile, session=hostile)
    notes.ignore(hostile)
    entry = json.loads(json_line(seen(notes, path=hostile, query_string=b'x="\\\xff')))
    assert (entry["path"], entry["model"], entry["session"]) == (hostile, hostile, hostile)
    assert (entry["ignored"], entry["query"]) == ([hostile], 'x="\\\xff')


def test_no_line_can_be_forged() -> None:
    line = json_line(seen(path='/a\r\n{"level":"ERROR"}'))
    assert b"\n" not in line
    assert json.loads(line)["path"] == '/a\r\n{"level":"ERROR"}'


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (b"stream=true&starting_after=3", "stream=true&starting_after=3"),
        (b"api_key=sk-1&x=2", "api_key=***&x=2"),
        (b"API%5FKEY=sk-1", "API%5FKEY=***"),
        (b"access_token=a=b", "access_token=***"),
        (b"Authorization=Bearer+x&password=y", "Authorization=***&password=***"),
        (b"key", "key"),
        (b"sig=a&pwd=b;pass=c&jwt=d", "sig=***&pwd=***;pass=***&jwt=***"),
        (b"x=sk-1&y=%73k-1&sk-1&z", "x=***&y=***&***&z"),
        (b"sk-1=&sk-1=2&x=Bearer+sk-1&y=a%20sk-1", "***&***&x=***&y=***"),
        (b"task-1=desk-2", "task-1=desk-2"),
        (b"q=\xff", "q=\xff"),
    ],
)
def test_keys_in_a_query_are_not_told(query: bytes, told: str) -> None:
    assert redacted(query) == told


async def test_requests_hand_over_what_went_out(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "mochi.access")
    told: list[Seen] = []
    await call(Requests(hello, log_request=told.append), path="/a")
    await call(Requests(streaming, log_request=told.append, routes=["/b/"]), path="/b/c")
    assert [(route, status, size) for _, _, route, status, _, size in told] == [
        ("other", 200, 5),
        ("/b/", 200, 13),
    ]
