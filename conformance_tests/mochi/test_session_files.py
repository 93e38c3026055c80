"""Session files: what stands in them, and what becomes of those that other programs wrote."""

import json
import os
import stat
from typing import Any

import pytest

from conformance_tests.mochi.documents import (
    AGENTS,
    OLDER,
    SETTINGS,
    WINDOW,
    assistant,
    document,
    user,
)
from conformance_tests.mochi.sessions import (
    CHANGES,
    ID,
    TIME,
    Sessions,
    refusal,
    snapshot,
)

METADATA = [
    *["session_id", "model", "created_at", "updated_at", "message_count", "summary"],
    *["summary_model", "format_version", "tool_settings", "agent_settings"],
    "context_window_config",
]


KEYS = {
    "user": ["role", "content", "message_id", "timestamp"],
    "system": ["role", "content", "source_file", "message_id", "timestamp"],
    "assistant": [
        *["role", "content", "model", "message_id", "timestamp", "eval_count"],
        *["prompt_eval_count", "tool_calls"],
    ],
    "tool": ["role", "tool_name", "content", "message_id", "timestamp"],
}


@pytest.mark.parametrize("case", OLDER)
def test_older_files_open_and_go_on(sessions: Sessions, case: str) -> None:
    """Reading never writes; the next change brings the file up to date, and nothing is lost."""
    id, older = f"older-{list(OLDER).index(case)}", OLDER[case]
    path = sessions.put(id, older)
    before = snapshot(sessions.data)
    detail = sessions.detail(id)
    assert (detail["session_id"], detail["model"]) == (id, "demo")
    assert detail["message_count"] == len(older["messages"])
    contents = [message["content"] for message in detail["messages"]]
    assert contents == [message["content"] or "" for message in older["messages"]]
    assert all(message["message_id"] for message in detail["messages"])
    assert all(TIME.fullmatch(message["timestamp"]) for message in detail["messages"])
    assert TIME.fullmatch(detail["created_at"])
    assert sessions.http.get(f"/sessions/{id}/status").status == 200
    shown = [one["session_id"] for one in sessions.http.get("/sessions").json["sessions"]]
    assert id in shown
    assert snapshot(sessions.data) == before
    answer = sessions.say(id, "What is my name?")
    assert answer.status == 200
    assert "Ada" in answer.json["message"]["content"]
    written = json.loads(path.read_bytes())
    assert list(written["metadata"])[:11] == METADATA
    assert len(written["messages"]) == len(older["messages"]) + 2
    assert written["metadata"]["message_count"] == len(written["messages"])
    assert sessions.messages(id)[:-2] == detail["messages"]
    path.unlink()


def continued(sessions: Sessions, case: str) -> Any:
    """What a file holds after one more turn."""
    id = "continued"
    path = sessions.put(id, OLDER[case])
    assert sessions.say(id, "Say one.").status == 200
    written = sessions.written(id)
    path.unlink()
    return written


@pytest.mark.parametrize("case", ["none", "1.0", "1.1", "1.2", "1.3", "1.3 without agents"])
def test_versions_that_become_1_3(sessions: Sessions, case: str) -> None:
    """The eleven keys with the defaults of what was missing."""
    metadata = continued(sessions, case)["metadata"]
    assert list(metadata) == METADATA
    assert metadata["format_version"] == "1.3"
    older = OLDER[case]["metadata"]
    assert metadata["tool_settings"] == older.get(
        "tool_settings", {"tools": [], "tool_group": None, "execution_policy": "always_confirm"}
    )
    assert metadata["agent_settings"] == older.get("agent_settings", {"enabled_agents": []})
    assert metadata["context_window_config"]["dynamic_enabled"] is True
    assert metadata["created_at"] == older["created_at"]


def test_policies_stand_beside_the_settings(sessions: Sessions) -> None:
    """mochi-coco refuses a file with any other key within `tool_settings`."""
    for case in ("1.4", "1.4 of mochi-server"):
        metadata = continued(sessions, case)["metadata"]
        assert list(metadata) == [*METADATA, "tool_policies"]
        assert metadata["format_version"] == "1.4"
        assert metadata["tool_settings"] == SETTINGS
        assert metadata["tool_policies"] == {"add": "always_confirm"}


def test_mochi_cocos_messages(sessions: Sessions) -> None:
    """Read with the keys that only mochi-coco writes; written as both can read them."""
    written = continued(sessions, "mochi-coco")
    assert written["metadata"]["tool_settings"]["execution_policy"] == "always_confirm"
    for message in written["messages"]:
        assert list(message) == KEYS[message["role"]]
    call = written["messages"][1]["tool_calls"]
    assert call == [{"function": {"name": "add", "arguments": {"a": 1, "b": 2}}}]
    policy = continued(sessions, "mochi-coco's question")["metadata"]["tool_settings"]
    assert policy["execution_policy"] == "never_confirm"


def test_later_minor_versions(sessions: Sessions) -> None:
    """The version and what it brought stay."""
    written = continued(sessions, "1.9")
    assert written["metadata"]["format_version"] == "1.9"
    assert written["metadata"]["pinned"] is True
    assert written["messages"][0]["mood"] == "good"


@pytest.mark.parametrize("version", ["2.0", "3.1", "10.0"])
def test_later_major_versions(sessions: Sessions, version: str) -> None:
    """Read if it can be; 409 for every change, and the file is never written."""
    path = sessions.put("later", document(version, branches={"main": 2}))
    before = snapshot(sessions.data)
    assert [text for _, text in sessions.said("later")] == ["My name is Ada.", "Hello Ada."]
    for method, route, body in CHANGES:
        answer = sessions.http.request(method, route.format("later"), body)
        assert refusal(answer) == (409, "SESSION_READ_ONLY"), route
        assert answer.json["error"]["details"]["session_id"] == "later"
    assert snapshot(sessions.data) == before
    path.unlink()


DAMAGED: dict[str, bytes] = {
    "empty": b"",
    "zeros": b"\0" * 2_000,
    "torn": json.dumps(document("1.3")).encode()[:-20],
    "no JSON": b"hello",
    "list": b"[]",
    "text": b'"x"',
    "no metadata": b'{"messages": []}',
    "no messages": b'{"metadata": {"model": "demo"}}',
    "metadata list": b'{"metadata": [], "messages": []}',
    "messages object": b'{"metadata": {"model": "demo"}, "messages": {}}',
    "Latin-1": b'{"metadata": {"model": "caf\xe9"}, "messages": []}',
    "deep": b'{"metadata": {"model": ' + b"[" * 50_000,
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_files(sessions: Sessions, case: str) -> None:
    """404 from every route, and never overwritten or removed; the neighbours are well."""
    neighbour = sessions.begin()
    path = sessions.put("damaged", DAMAGED[case])
    os.utime(path, (1_700_000_000, 1_700_000_000))  # nobody is just writing it
    before = snapshot(sessions.data)
    assert refusal(sessions.http.get("/sessions/damaged")) == (404, "SESSION_NOT_FOUND")
    for method, route, body in CHANGES:
        answer = sessions.http.request(method, route.format("damaged"), body)
        assert refusal(answer) == (404, "SESSION_NOT_FOUND"), route
    listed = sessions.http.get("/sessions")
    assert listed.status == 200
    ids = [one["session_id"] for one in listed.json["sessions"]]
    assert neighbour in ids
    assert "damaged" not in ids
    assert snapshot(sessions.data) == before
    path.unlink()
    assert sessions.say(neighbour, "Say one.").status == 200


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_form_of_a_file(sessions: Sessions, stream: bool) -> None:
    """UTF-8, two blanks, keys in order; readable by its owner alone."""
    id = sessions.begin(system_prompt="Sei höflich. 🌱", tool_settings=SETTINGS)
    (sessions.stream if stream else sessions.say)(id, "Say größer.")
    path = sessions.path(id)
    raw = path.read_bytes()
    written = json.loads(raw)
    assert list(written) == ["metadata", "messages"]
    assert raw.decode().rstrip() == json.dumps(written, indent=2, ensure_ascii=False)
    assert "größer" in raw.decode()
    metadata = written["metadata"]
    assert list(metadata) == METADATA
    assert metadata["session_id"] == id
    assert metadata["format_version"] == "1.3"
    assert list(metadata["tool_settings"]) == ["tools", "tool_group", "execution_policy"]
    assert list(metadata["agent_settings"]) == ["enabled_agents"]
    assert list(metadata["context_window_config"]) == list(WINDOW)
    (entry,) = metadata["context_window_config"]["adjustment_history"]
    assert list(entry) == ["timestamp", "window_size", "reason", "usage_tokens"]
    for message in written["messages"]:
        assert list(message) == KEYS[message["role"]]
        assert ID.fullmatch(message["message_id"])
        assert TIME.fullmatch(message["timestamp"])
    assert written["messages"][2]["tool_calls"] is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in sessions.folder.iterdir() if one.suffix == ".tmp"] == []


def test_what_raises_the_version(sessions: Sessions) -> None:
    """The lowest version that can hold the content, and back."""
    id = sessions.begin()
    path, body = f"/sessions/{id}", {"tool_settings": {"tool_policies": {"a": "never_confirm"}}}
    assert sessions.written(id)["metadata"]["format_version"] == "1.3"
    sessions.http.request("PATCH", path, body)
    metadata = sessions.written(id)["metadata"]
    assert list(metadata) == [*METADATA, "tool_policies"]
    assert metadata["format_version"] == "1.4"
    sessions.http.request("PATCH", path, {"tool_settings": {}})
    assert list(sessions.written(id)["metadata"]) == METADATA
    assert sessions.written(id)["metadata"]["format_version"] == "1.3"
    sessions.http.request("PATCH", path, {"model": "demo-thinking"})
    sessions.say(id, "Say one.", think=True)
    message = sessions.written(id)["messages"][-1]
    assert list(message) == [*KEYS["assistant"][:-1], "thinking", "tool_calls"]
    assert sessions.written(id)["metadata"]["format_version"] == "1.4"


def test_keys_of_others_survive(sessions: Sessions) -> None:
    """PATCH and chat keep what they do not know, byte for byte."""
    strange = {"a": [1, 2.5, None, {"ü": "\u2028"}], "b": 12345678901234567890}
    found = document(
        "1.3",
        talk=[user("My name is Ada.", strange=strange), assistant("Hello.", strange=strange)],
        tool_settings=SETTINGS,
        agent_settings=AGENTS | {"selection_metadata": strange},
        context_window_config=WINDOW,
        summary={"summary": "A talk.", "topics": ["names"], "strange": strange},
        strange=strange,
    )
    found["strange"] = strange
    path = sessions.put("strange", found)
    body: dict[str, Any] = {"agent_settings": {"enabled_agents": []}}
    assert sessions.http.request("PATCH", "/sessions/strange", body).status == 200
    assert sessions.say("strange", "Say one.").status == 200
    written = sessions.written("strange")
    assert written["strange"] == written["metadata"]["strange"] == strange
    assert written["metadata"]["summary"] == found["metadata"]["summary"]
    assert [message.get("strange") for message in written["messages"][:2]] == [strange] * 2
    summary = sessions.detail("strange")["summary"]
    assert (summary["summary"], summary["topics"]) == ("A talk.", ["names"])
    path.unlink()


@pytest.mark.parametrize("policy", ["confirm_destructive", "ask_twice"])
def test_policies_of_others(sessions: Sessions, policy: str) -> None:
    """Kept in the file; whoever asks learns what they come to."""
    path = sessions.put(
        "policy", document("1.3", tool_settings=SETTINGS | {"execution_policy": policy})
    )
    status = sessions.http.get("/sessions/policy/status").json
    assert status["execution_policy"] == "always_confirm"
    shown = sessions.detail("policy")["tool_settings"]["execution_policy"]
    assert shown == "always_confirm"
    sessions.say("policy", "Say one.")
    kept = sessions.written("policy")["metadata"]["tool_settings"]["execution_policy"]
    assert kept == policy
    path.unlink()
