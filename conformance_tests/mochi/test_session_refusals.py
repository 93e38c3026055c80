"""What the routes of sessions refuse, and that nothing is touched then."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.sessions import Sessions, listed, refusal, snapshot

UNKNOWN = "0000000000"


BODIES: dict[str, Any] = {
    "nothing": {},
    "null": b"null",
    "list": [],
    "text": "demo",
    "no JSON": b"{",
    "empty": b"",
    "two values": b'{"model": "demo"} {}',
    "no UTF-8": b'{"model": "\xff"}',
    "deep": b'{"model": ' + b"[" * 100_000,
    "NaN": b'{"model": "demo", "x": NaN}',
    "model empty": {"model": ""},
    "model null": {"model": None},
    "model number": {"model": 7},
    "prompt number": {"model": "demo", "system_prompt": 7},
    "prompt empty": {"model": "demo", "system_prompt": ""},
    "prompt blank": {"model": "demo", "system_prompt": " \n\t"},
    "prompt long": {"model": "demo", "system_prompt": "x" * 10_000},
    "file number": {"model": "demo", "system_prompt_source_file": 7},
    "tools text": {"model": "demo", "tool_settings": {"tools": "add"}},
    "tools numbers": {"model": "demo", "tool_settings": {"tools": [1]}},
    "tools list": {"model": "demo", "tool_settings": []},
    "policy": {"model": "demo", "tool_settings": {"execution_policy": "sometimes"}},
    "policy of files": {
        "model": "demo",
        "tool_settings": {"execution_policy": "confirm_destructive"},
    },
    "policies": {"model": "demo", "tool_settings": {"tool_policies": {"a": "sometimes"}}},
    "policies list": {"model": "demo", "tool_settings": {"tool_policies": ["a"]}},
    "agents text": {"model": "demo", "agent_settings": {"enabled_agents": "scribe"}},
}


@pytest.mark.parametrize("case", BODIES)
def test_bad_bodies(sessions: Sessions, case: str) -> None:
    """422 and the field at fault; nothing is written."""
    before = snapshot(sessions.data)
    answer = sessions.http.request("POST", "/sessions", BODIES[case])
    assert refusal(answer) == (422, "VALIDATION_ERROR")
    assert snapshot(sessions.data) == before


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"model": 7}, "model"),
        ({"tool_settings": {"execution_policy": "x"}}, "tool_settings.execution_policy"),
        ({"system_prompt": " "}, "system_prompt"),
    ],
)
def test_the_field_at_fault_is_named(sessions: Sessions, fields: Any, field: str) -> None:
    """`details.errors`: a form can mark the input."""
    answer = sessions.http.request("POST", "/sessions", {"model": "demo", **fields})
    assert answer.json["error"]["details"]["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "model",
    ["../x", "a b", "demo\n", "\0", "é", "x" * 300, "http://evil.example/x", "a//b", "%2e%2e"],
)
def test_hostile_models(sessions: Sessions, model: str) -> None:
    """A name goes into paths and headers elsewhere: it is unknown or none, and nothing is made."""
    before = snapshot(sessions.data)
    for method, path in (("POST", "/sessions"), ("PATCH", f"/sessions/{UNKNOWN}")):
        error = refusal(sessions.http.request(method, path, {"model": model}))
        assert error[0] in (404, 422)
    assert snapshot(sessions.data) == before


def test_delete(sessions: Sessions, talked: str) -> None:
    """204 without a body; then the session is unknown to every route, and its file is gone."""
    answer = sessions.http.request("DELETE", f"/sessions/{talked}")
    assert (answer.status, answer.body) == (204, b"")
    assert not sessions.path(talked).exists()
    assert talked not in [item["session_id"] for item in listed(sessions)]
    for method, path, body in ROUTES:
        answer = sessions.http.request(method, path.format(talked), body)
        assert refusal(answer) == (404, "SESSION_NOT_FOUND"), path


ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/sessions/{}", None),
    ("DELETE", "/sessions/{}", None),
    ("PATCH", "/sessions/{}", {"model": "demo"}),
    ("PATCH", "/sessions/{}", {}),
    ("GET", "/sessions/{}/messages", None),
    ("PUT", "/sessions/{}/messages/0", {"content": "x"}),
    ("PUT", "/sessions/{}/system-prompt", {"content": "x"}),
    ("DELETE", "/sessions/{}/system-prompt", None),
    ("GET", "/sessions/{}/status", None),
    ("POST", "/chat/{}", {"message": "x"}),
    ("POST", "/chat/{}/stream", {"message": "x"}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_unknown_ids(sessions: Sessions, method: str, path: str, body: Any) -> None:
    """404 with the id that was asked for, before a stream would have begun."""
    answer = sessions.http.request(method, path.format(UNKNOWN), body)
    assert refusal(answer) == (404, "SESSION_NOT_FOUND")
    assert answer.json["error"]["details"]["session_id"] == UNKNOWN


HOSTILE: dict[str, Callable[[str], str]] = {
    "up": lambda id: f"..%2f{id}",
    "up twice": lambda id: f"..%252f{id}",
    "up encoded": lambda id: f"%2e%2e%2f{id}",
    "backslash": lambda id: f"..%5c{id}",
    "in and out": lambda id: f"chat_sessions%2f..%2f{id}",
    "absolute": lambda id: f"%2fetc%2f{id}",
    "drive": lambda id: f"C:%5c{id}",
    "null byte": lambda id: f"{id}%00",
    "null byte and end": lambda id: f"{id}%00.json",
    "with its end": lambda id: f"{id}.json",
    "dot": lambda id: "%2e",
    "dots": lambda id: "%2e%2e",
    "blank": lambda id: f"{id}%20",
    "line": lambda id: f"{id}%0a",
    "long": lambda id: "a" * 65,
    "very long": lambda id: "a" * 8_000,
    "wide": lambda id: "".join(f"%EF%BC%{0x90 + int(c):X}" for c in "0123456789"),
    "accent": lambda id: f"{id}%C3%A9",
    "no UTF-8": lambda id: "%ff%fe",
    "overlong": lambda id: f"..%c0%af{id}",
    "device": lambda id: "con",
    "percent": lambda id: f"{id}%25",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_ids(sessions: Sessions, case: str) -> None:
    """CVE-2024-37032: an id that became a path. 404 from every route, and no file is touched."""
    id = sessions.begin()
    sessions.data.joinpath(f"{id}.json").write_bytes(sessions.path(id).read_bytes())
    hostile = HOSTILE[case](id)
    before = snapshot(sessions.data)
    for method, path, body in ROUTES:
        status, code = refusal(sessions.http.request(method, path.format(hostile), body))
        assert (status, code in ("SESSION_NOT_FOUND", "NOT_FOUND")) == (404, True), (path, code)
    assert snapshot(sessions.data) == before


WRONG: list[tuple[str, str, tuple[int, str]]] = [
    ("GET", "/no", (404, "NOT_FOUND")),
    ("GET", "/sessions/x/y/z", (404, "NOT_FOUND")),
    ("GET", "", (404, "NOT_FOUND")),
    ("PUT", "/sessions", (405, "METHOD_NOT_ALLOWED")),
    ("DELETE", "/sessions", (405, "METHOD_NOT_ALLOWED")),
    ("POST", f"/sessions/{UNKNOWN}", (405, "METHOD_NOT_ALLOWED")),
    ("GET", f"/sessions/{UNKNOWN}/messages/0", (405, "METHOD_NOT_ALLOWED")),
    ("GET", f"/chat/{UNKNOWN}", (405, "METHOD_NOT_ALLOWED")),
    ("POST", "/health", (405, "METHOD_NOT_ALLOWED")),
]


@pytest.mark.parametrize(("method", "path", "error"), WRONG)
def test_routes_that_are_none(
    sessions: Sessions, method: str, path: str, error: tuple[int, str]
) -> None:
    """The same shape; 405 names the methods (RFC 9110, 15.5.6)."""
    answer = sessions.http.request(method, path)
    assert refusal(answer) == error
    if answer.status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_other_content_types(sessions: Sessions, kind: str | None) -> None:
    """CVE-2025-49596: what a page may send without asking; 415, and nothing happens."""
    before = snapshot(sessions.data)
    body = {"model": "demo"}
    answer = sessions.http.request("POST", "/sessions", body, {"Content-Type": kind})
    assert refusal(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert snapshot(sessions.data) == before


def test_the_front_door(sessions: Sessions) -> None:
    """The guards speak the language of the family that was asked."""
    refused = sessions.http.get("/sessions", {"Host": "evil.example"})
    assert refusal(refused) == (403, "HOST_REFUSED")
    refused = sessions.http.request(
        "DELETE", f"/sessions/{UNKNOWN}", headers={"Origin": "https://evil.example"}
    )
    assert refusal(refused) == (403, "ORIGIN_REFUSED")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_pages_of_this_machine_may_use_every_method(sessions: Sessions, method: str) -> None:
    """Fetch standard: a page may only use the methods that a preflight names."""
    headers: dict[str, str | None] = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type",
    }
    answer = sessions.http.request("OPTIONS", f"/sessions/{UNKNOWN}", headers=headers)
    assert answer.status in (200, 204)
    assert method in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    path = f"/sessions/{UNKNOWN}"
    refused = sessions.http.request("DELETE", path, headers={"Origin": "http://localhost:3000"})
    assert refusal(refused) == (404, "SESSION_NOT_FOUND")
    assert refused.headers["access-control-allow-origin"] == "http://localhost:3000"


def test_bodies_too_large(sessions: Sessions) -> None:
    """1 MiB is enough for words; 413, whether the length is told or found."""
    body = {"model": "demo", "system_prompt": "x" * (1 << 20)}
    assert refusal(sessions.http.request("POST", "/sessions", body)) == (413, "TOO_LARGE")
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    head = sessions.http.head("POST", "/sessions", dict(headers))
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with sessions.http.send(head + chunk * 17 + b"0\r\n\r\n") as live:
        live.begin()
        assert refusal(live.rest()) == (413, "TOO_LARGE")


def test_reading_changes_nothing(sessions: Sessions, talked: str) -> None:
    """GET with the name of another method in a header or a query, as some frameworks take it."""
    before = snapshot(sessions.data)
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = sessions.http.get(f"/sessions/{talked}?_method=DELETE", {name: "DELETE"})
        assert answer.status == 200
    for path in ("", "/messages", "/status"):
        sessions.http.request("HEAD", f"/sessions/{talked}{path}")
        sessions.http.request("OPTIONS", f"/sessions/{talked}{path}")
    assert snapshot(sessions.data) == before


def test_with_a_key(gateway: Gateway) -> None:
    """It guards every route; a missing session is not told apart from one that is there."""
    with gateway_alone(gateway.ollama, MOCHI_API_KEY="sk-sessions-0123456789") as running:
        guarded = Sessions(running)
        for method, path, body in [
            *ROUTES,
            ("GET", "/sessions", None),
            ("POST", "/sessions", {"model": "demo"}),
            ("GET", "/system-prompts", None),
            ("GET", "/models", None),
            ("GET", "/health", None),
            ("GET", "/no", None),
        ]:
            answer = guarded.http.request(method, path.format(UNKNOWN), body)
            assert refusal(answer) == (401, "INVALID_API_KEY"), path
        assert snapshot(guarded.data) == {}
        guarded.http.key = "sk-sessions-0123456789"
        assert guarded.say(guarded.begin(), "Say one.").status == 200


def test_without_ollama(stranded: Sessions) -> None:
    """502 and quickly for what needs it; nothing is written, and all else works."""
    began = time.monotonic()
    answer = stranded.http.request("POST", "/sessions", {"model": "demo"})
    assert refusal(answer) == (502, "OLLAMA_UNREACHABLE")
    assert snapshot(stranded.folder) == {}
    stranded.put("abcdef0123", {"metadata": {"model": "demo"}, "messages": []})
    before = snapshot(stranded.folder)
    answer = stranded.http.request("PATCH", "/sessions/abcdef0123", {"model": "demo"})
    assert refusal(answer) == (502, "OLLAMA_UNREACHABLE")
    assert snapshot(stranded.folder) == before
    assert time.monotonic() - began < 3
    assert stranded.detail("abcdef0123")["model"] == "demo"
    assert [one["session_id"] for one in listed(stranded)] == ["abcdef0123"]
    changed = stranded.http.request(
        "PATCH", "/sessions/abcdef0123", {"tool_settings": {"tools": ["a"]}}
    )
    assert changed.status == 200
    assert stranded.http.request("DELETE", "/sessions/abcdef0123").status == 204
