"""Sessions as their clients see them, and as they lie in their folder."""

import itertools
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance_tests.launcher import Gateway
from conformance_tests.wire import Answer, Live, Server

__all__ = [
    "CHANGES",
    "ID",
    "MESSAGE",
    "ROOM",
    "TIME",
    "Event",
    "Sessions",
    "begin_of_stream",
    "completed",
    "event_of",
    "events_of",
    "listed",
    "names",
    "refusal",
    "snapshot",
    "text_of",
    "the_rest",
    "whole",
]

ID = re.compile(r"[0-9a-f]{10}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")
FRAME = re.compile(r"event: ([a-z_]+)\ndata: ([^\n\r]*)")

MESSAGE = {
    *["role", "content", "message_id", "timestamp", "model", "eval_count", "prompt_eval_count"],
    *["thinking", "tool_calls", "tool_name", "source_file"],
}
"""The fields of every message that is shown, `null` where they mean nothing."""

ROOM = int(8192 * 0.9)
"""The largest window for `demo`."""

CHANGES: list[tuple[str, str, Any]] = [
    ("PATCH", "/sessions/{}", {"model": "demo-tools"}),
    ("PUT", "/sessions/{}/messages/0", {"content": "x"}),
    ("PUT", "/sessions/{}/system-prompt", {"content": "x"}),
    ("POST", "/chat/{}", {"message": "x"}),
    ("POST", "/chat/{}", {"message": None}),
    ("POST", "/chat/{}/stream", {"message": "x"}),
]
"""Everything that would change a session, but for its end."""


@dataclass(frozen=True)
class Event:
    """One event of a stream."""

    name: str
    data: dict[str, Any]


class Sessions:
    """The `/api/v1` of a gateway, and its data: the folder that it runs in if nothing was said."""

    def __init__(
        self,
        gateway: Gateway,
        model: str = "demo",
        timeout: float = 20,
        data: Path | None = None,
    ) -> None:
        self.http = Server(f"{gateway.root}/api/v1", model, timeout=timeout)
        self.data = data or gateway.log.parent
        self.folder = self.data / "chat_sessions"
        self.pid = gateway.pid

    def begin(self, **fields: Any) -> str:
        """A new session; its id."""
        answer = self.http.request("POST", "/sessions", {"model": self.http.model, **fields})
        assert answer.status == 201, answer.body[:500]
        id: str = answer.json["session_id"]
        return id

    def detail(self, id: str) -> dict[str, Any]:
        answer = self.http.get(f"/sessions/{id}")
        assert answer.status == 200, answer.body[:500]
        detail: dict[str, Any] = answer.json
        return detail

    def messages(self, id: str) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.detail(id)["messages"]
        return messages

    def said(self, id: str) -> list[tuple[str, str]]:
        """Who said what."""
        return [(message["role"], message["content"]) for message in self.messages(id)]

    def say(self, id: str, message: str | None, **fields: Any) -> Answer:
        return self.http.request("POST", f"/chat/{id}", {"message": message, **fields})

    def stream(self, id: str, message: str | None, **fields: Any) -> Answer:
        with self.watch(id, message, **fields) as live:
            live.begin()
            return live.rest()

    def watch(self, id: str, message: str | None, **fields: Any) -> Live:
        """A stream that has been asked for; nothing of it is read."""
        return self.http.open("POST", f"/chat/{id}/stream", {"message": message, **fields})

    def path(self, id: str) -> Path:
        return self.folder / f"{id}.json"

    def written(self, id: str) -> Any:
        """What the session's file holds."""
        return json.loads(self.path(id).read_bytes())

    def put(self, id: str, content: Any) -> Path:
        """Write the file of a session as another program would: JSON to be, or bytes."""
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.folder.mkdir(exist_ok=True)
        path = self.path(id)
        path.write_bytes(raw)
        return path


def refusal(answer: Answer) -> tuple[int, str]:
    """Status and code of an error, once its whole shape is as promised."""
    assert answer.status >= 400, f"{answer.status}, but an error was due: {answer.body[:300]!r}"
    assert answer.headers["content-type"].startswith("application/json"), answer.body[:300]
    assert list(answer.json) == ["error"]
    error = answer.json["error"]
    assert list(error) == ["code", "message", "details"]
    assert isinstance(error["message"], str)
    assert error["message"]
    assert isinstance(error["details"], dict)
    assert "Traceback" not in answer.body.decode()
    if error["code"] == "VALIDATION_ERROR":
        at_fault = error["details"]["errors"]
        assert at_fault
        assert all(list(one) == ["field", "message"] for one in at_fault)
        assert all(type(text) is str for one in at_fault for text in one.values())
    return answer.status, error["code"]


def events_of(answer: Answer) -> list[Event]:
    """The events of a stream, once each is framed as promised and `done` is the last, once."""
    assert answer.status == 200, answer.body[:500]
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.complete
    *frames, rest = answer.body.decode().split("\n\n")
    assert rest == ""
    events = [event_of(frame) for frame in frames if not frame.startswith(": ")]
    names = [event.name for event in events]
    assert names[-1] == "done"
    assert names.count("done") == 1
    assert names.count("error") + names.count("message_complete") == 1
    assert names[-2] in ("error", "message_complete")
    return events


def event_of(frame: str) -> Event:
    match = FRAME.fullmatch(frame)
    assert match, f"not an event: {frame!r}"
    data = json.loads(match[2])
    assert isinstance(data, dict)
    return Event(match[1], data)


def begin_of_stream(live: Live, events: int = 1) -> list[Event]:
    """The first events of a stream that goes on."""
    assert live.begin() == 200
    lines = [live.line() for _ in range(3 * events)]
    frames = b"".join(lines).decode().split("\n\n")[:-1]
    return [event_of(frame) for frame in frames]


def the_rest(live: Live, begun: bytes) -> Answer:
    """The whole of a stream of which these bytes have been read."""
    answer = live.rest()
    return replace(answer, body=begun + answer.body)


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """All files below a folder: which they are, when they were changed, and what they hold."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_ino,
            path.lstat().st_mtime_ns,
            path.read_bytes(),
        )
        for path in folder.rglob("*")
        if path.is_file() and path.name != "log"
    }


def names(events: list[Event]) -> list[str]:
    """The names of the events, each run of equal ones as one."""
    return [name for name, _ in itertools.groupby(event.name for event in events)]


def text_of(events: list[Event], name: str = "content_delta") -> str:
    return "".join(event.data["content"] for event in events if event.name == name)


def completed(events: list[Event]) -> dict[str, Any]:
    (one,) = [event.data for event in events if event.name == "message_complete"]
    return one


def whole(answer: Answer) -> dict[str, Any]:
    """An answer in one piece, its fields in place."""
    assert answer.status == 200, answer.body[:500]
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json
    assert list(found) == ["session_id", "message", "tool_calls_executed", "context_window"]
    assert list(found["message"]) == [
        *["role", "content", "thinking", "model", "message_id", "timestamp"],
        *["eval_count", "prompt_eval_count"],
    ]
    assert list(found["context_window"]) == ["current_window", "usage_tokens", "reason"]
    return found


def listed(sessions: Sessions) -> list[dict[str, Any]]:
    answer = sessions.http.get("/sessions")
    assert answer.status == 200
    assert list(answer.json) == ["sessions"]
    items: list[dict[str, Any]] = answer.json["sessions"]
    return items
