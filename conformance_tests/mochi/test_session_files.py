"""Session files: what stands in them, and what becomes of those that other programs wrote."""

import json
import os
import re
import resource
import stat
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.sessions import (
    ID,
    TIME,
    Sessions,
    events_of,
    refusal,
    snapshot,
    the_rest,
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
AT = "2026-03-04T05:06:0%d.000890"


def user(text: str, **more: Any) -> dict[str, Any]:
    return {
        "role": "user",
        "content": text,
        "message_id": "1111111111",
        "timestamp": AT % 1,
        **more,
    }


def assistant(text: str, **more: Any) -> dict[str, Any]:
    """An answer as mochi-coco writes it."""
    return {
        "role": "assistant",
        "content": text,
        "model": "demo",
        "message_id": "2222222222",
        "timestamp": AT % 2,
        "eval_count": 3,
        "prompt_eval_count": 9,
        "tool_calls": None,
        **more,
    }


TALK = [user("My name is Ada."), assistant("Hello Ada.")]

CALLED = [
    user("My name is Ada. 1+2?"),
    assistant("", tool_calls=[{"function": {"name": "add", "arguments": '{"a": 1, "b": 2}'}}]),
    {
        "role": "tool",
        "content": "3",
        "model": None,
        "message_id": "3333333333",
        "timestamp": AT % 3,
        "eval_count": None,
        "prompt_eval_count": None,
        "tool_calls": None,
        "tool_name": "add",
    },
    assistant("3.", tool_name=None),
]


def document(version: str | None, *, talk: Any = TALK, **more: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "session_id": "anything",
        "model": "demo",
        "created_at": AT % 0,
        "updated_at": AT % 3,
        "message_count": len(talk),
        "summary": None,
        "summary_model": None,
    }
    if version:
        metadata["format_version"] = version
    return {"metadata": metadata | more, "messages": talk}


SETTINGS = {"tools": ["add"], "tool_group": None, "execution_policy": "never_confirm"}
WINDOW = {
    "dynamic_enabled": True,
    "current_window": 4096,
    "last_adjustment": "performance_optimization",
    "adjustment_history": [
        {"timestamp": AT % 1, "window_size": 4096, "reason": "performance_optimization"},
        {"window": 4096, "reason": "initial_setup", "usage_tokens": 12},
    ],
    "manual_override": False,
}
AGENTS = {"enabled_agents": ["scribe"]}
UPSTREAM = {
    "tools": ["add"],
    "execution_policy": "never_confirm",
    "tool_policies": {"add": "always_confirm"},
}

OLDER: dict[str, dict[str, Any]] = {
    "none": document(None),
    "1.0": document("1.0"),
    "1.1": document("1.1", tool_settings=SETTINGS),
    "1.2": document("1.2", tool_settings=SETTINGS, context_window_config=WINDOW),
    "1.3": document(
        "1.3", tool_settings=SETTINGS, context_window_config=WINDOW, agent_settings=AGENTS
    ),
    "1.3 without agents": document("1.3", tool_settings=SETTINGS, context_window_config=WINDOW),
    "1.4": document(
        "1.4",
        talk=[user("My name is Ada."), assistant("Hello Ada.", thinking="A name.")],
        tool_settings=SETTINGS,
        tool_policies={"add": "always_confirm"},
        agent_settings=AGENTS,
        context_window_config=WINDOW,
    ),
    "1.4 of mochi-server": document("1.4", tool_settings=UPSTREAM, agent_settings=AGENTS),
    "mochi-coco": document(
        "1.2",
        talk=CALLED,
        tool_settings=None,
        context_window_config=WINDOW | {"current_window": None, "last_adjustment": None},
    ),
    "mochi-coco's question": document(
        "1.1", tool_settings={"tools": ["add"], "confirmation_necessary": False}
    ),
    "1.9": document(
        "1.9",
        talk=[user("My name is Ada.", mood="good"), assistant("Hello Ada.")],
        tool_settings=SETTINGS,
        pinned=True,
    ),
    "poor": document(
        None,
        talk=[
            {"role": "user", "content": "My name is Ada."},
            {"role": "assistant", "content": None, "tool_calls": []},
        ],
        message_count=99,
    ),
    "with a zone": document("1.0", created_at="2026-03-04T05:06:07Z", updated_at=AT % 3 + "Z"),
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


CHANGES: list[tuple[str, str, Any]] = [
    ("PATCH", "/sessions/{}", {"model": "demo-tools"}),
    ("PUT", "/sessions/{}/messages/0", {"content": "x"}),
    ("PUT", "/sessions/{}/system-prompt", {"content": "x"}),
    ("POST", "/chat/{}", {"message": "x"}),
    ("POST", "/chat/{}", {"message": None}),
    ("POST", "/chat/{}/stream", {"message": "x"}),
]


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


def test_links_are_not_followed(sessions: Sessions) -> None:
    """Neither out of the folder nor within it; what they point at stays as it is."""
    outside = sessions.data / "outside.json"
    outside.write_text(json.dumps(document("1.3")))
    links = {"linked": outside, "within": sessions.path(sessions.begin())}
    for name, target in links.items():
        sessions.path(name).symlink_to(target)
    sessions.path("folder").mkdir()
    os.mkfifo(sessions.path("pipe"))
    before = snapshot(sessions.data)
    for name in (*links, "folder", "pipe"):
        for method, route, body in [
            *CHANGES,
            ("GET", "/sessions/{}", None),
            ("DELETE", "/sessions/{}", None),
        ]:
            answer = sessions.http.request(method, route.format(name), body)
            assert refusal(answer) == (404, "SESSION_NOT_FOUND"), (name, route)
    ids = [one["session_id"] for one in sessions.http.get("/sessions").json["sessions"]]
    assert not {*links, "folder", "pipe"} & set(ids)
    assert snapshot(sessions.data) == before
    for name in (*links, "pipe"):
        assert sessions.path(name).lstat()
        sessions.path(name).unlink()
    sessions.path("folder").rmdir()
    outside.unlink()


def test_another_program_writes_too(sessions: Sessions) -> None:
    """What it adds between two requests, in place or by renaming, is read and kept."""
    id = sessions.begin()
    sessions.say(id, "Say one.")
    for turn, word in enumerate(("two", "three")):
        found = sessions.written(id)
        found["messages"] += [user(f"Say {word}!"), assistant(word)]
        if turn:
            beside = sessions.folder / "beside"
            beside.write_text(json.dumps(found))
            beside.rename(sessions.path(id))
        else:
            sessions.put(id, found)
        assert sessions.said(id)[-1] == ("assistant", word)
        sessions.say(id, "Say four.")
    texts = [text for role, text in sessions.said(id) if role == "assistant"]
    assert texts == ["one", "two", "four", "three", "four"]


def test_another_program_writes_during_a_turn(sessions: Sessions) -> None:
    """The answer is put after what the other one wrote; nobody's words are lost."""
    id = sessions.begin(model="demo-slow")
    with sessions.watch(id, "Count to 12") as live:
        assert live.begin() == 200
        begun = live.line()
        found = sessions.written(id)
        found["messages"].append(user("I was here."))
        sessions.put(id, found)
        events = events_of(the_rest(live, begun))
    assert events[-2].name == "message_complete"
    texts = [text for _, text in sessions.said(id)]
    assert "I was here." in texts
    assert texts[0] == "Count to 12"
    assert texts[-1].endswith("12")


def test_a_file_deleted_by_hand(sessions: Sessions) -> None:
    """404, and it is not resurrected: not by a change, and not by a turn under way."""
    id = sessions.begin()
    sessions.say(id, "Say one.")
    sessions.path(id).unlink()
    for method, route, body in CHANGES:
        answer = sessions.http.request(method, route.format(id), body)
        assert refusal(answer) == (404, "SESSION_NOT_FOUND"), route
    assert not sessions.path(id).exists()
    id = sessions.begin(model="demo-slow")
    with sessions.watch(id, "Count to 12") as live:
        assert live.begin() == 200
        begun = live.line()
        sessions.path(id).unlink()
        events = events_of(the_rest(live, begun))
    assert (events[-2].name, events[-2].data["code"]) == ("error", "SESSION_NOT_FOUND")
    assert not sessions.path(id).exists()


def test_a_file_put_there_by_hand(sessions: Sessions) -> None:
    """A copy from another machine is a session at once; its name is its id."""
    path = sessions.put("My-copy_1", document("1.3"))
    ids = [one["session_id"] for one in sessions.http.get("/sessions").json["sessions"]]
    assert "My-copy_1" in ids
    assert sessions.say("My-copy_1", "Say one.").json["session_id"] == "My-copy_1"
    assert path.exists()
    assert sessions.http.request("DELETE", "/sessions/My-copy_1").status == 204
    assert not path.exists()


@pytest.fixture(scope="module")
def elsewhere(gateway: Gateway) -> Iterator[Sessions]:
    """A gateway whose folder can be spoiled, on the other side of the world."""
    with gateway_alone(gateway.ollama, TZ="Pacific/Auckland") as running:
        yield Sessions(running)


def test_the_order_is_by_instant(elsewhere: Sessions) -> None:
    """Files with and without a zone in one folder: 12 o'clock in Auckland was before 1 o'clock in
    Greenwich, whatever the digits say."""
    times = {
        "first": "2026-03-04T00:30:00Z",
        "second": "2026-03-04T13:45:00.000000",  # 00:45 in Greenwich
        "third": "2026-03-04T02:00:00+01:00",
        "fourth": "2026-03-04T14:15:00.5",
    }
    for id, time in times.items():
        elsewhere.put(id, document("1.3", updated_at=time))
    shown = elsewhere.http.get("/sessions").json["sessions"]
    assert [one["session_id"] for one in shown] == [*times][::-1]
    assert all(TIME.fullmatch(one["updated_at"]) for one in shown)
    assert elsewhere.detail("first")["updated_at"] == "2026-03-04T13:30:00.000000"


def test_our_times_are_local(elsewhere: Sessions) -> None:
    """mochi-coco sorts its own and ours as texts."""
    auckland = datetime.now(timezone(timedelta(hours=12.5))).replace(tzinfo=None)
    created = datetime.fromisoformat(elsewhere.detail(elsewhere.begin())["created_at"])
    assert abs(created - auckland) < timedelta(hours=1)


def test_a_folder_that_is_none(elsewhere: Sessions) -> None:
    """503 for what needs the folder; all else goes on, and so do the sessions once it is back."""
    id = elsewhere.begin()
    aside = elsewhere.folder.rename(elsewhere.data / "aside")
    elsewhere.folder.write_text("in its place")
    for answer in (
        elsewhere.http.request("POST", "/sessions", {"model": "demo"}),
        elsewhere.http.get("/sessions"),
    ):
        assert refusal(answer) == (503, "STORAGE_UNAVAILABLE")
        assert re.search(r"\bfolder\b", answer.json["error"]["message"])
        assert str(elsewhere.data) not in answer.body.decode()
    assert elsewhere.say(id, "x").status in (404, 503)
    assert elsewhere.http.get("/models").status == 200
    assert elsewhere.http.get("/health").status == 200
    assert elsewhere.folder.read_text() == "in its place"
    elsewhere.folder.unlink()
    elsewhere.path(elsewhere.begin()).unlink()
    assert stat.S_IMODE(elsewhere.folder.stat().st_mode) == 0o700
    elsewhere.folder.rmdir()
    aside.rename(elsewhere.folder)
    assert elsewhere.say(id, "Say one.").status == 200


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(elsewhere: Sessions) -> None:
    """503 for changes, and no message counts as said; what is there can be read."""
    id = elsewhere.begin()
    elsewhere.folder.chmod(0o500)
    try:
        refused = refusal(elsewhere.say(id, "Say one."))
        assert refused == (503, "STORAGE_UNAVAILABLE")
        assert elsewhere.said(id) == []
        answer = elsewhere.http.request("DELETE", f"/sessions/{id}")
        assert refusal(answer) == (503, "STORAGE_UNAVAILABLE")
    finally:
        elsewhere.folder.chmod(0o700)
    assert elsewhere.say(id, "Say one.").status == 200


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of another process is set")
def test_a_disk_without_room(elsewhere: Sessions) -> None:
    """opencode 7607: a full disk left 0 bytes. 503, the old file whole, no litter; what fits is
    taken, and all of it once there is room."""
    id, long = elsewhere.begin(model="demo-long"), "x" * 100_000
    before = snapshot(elsewhere.folder)
    limits = resource.prlimit(elsewhere.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(elsewhere.pid, resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        assert refusal(elsewhere.say(id, long)) == (503, "STORAGE_UNAVAILABLE")
        events = events_of(elsewhere.stream(id, long))
        assert events[0].data["code"] == "STORAGE_UNAVAILABLE"
        assert snapshot(elsewhere.folder) == before
        assert elsewhere.said(id) == []
        assert elsewhere.say(id, "Say one.").status == 200
        assert elsewhere.written(id)["metadata"]["message_count"] == 2
    finally:
        resource.prlimit(elsewhere.pid, resource.RLIMIT_FSIZE, limits)
    assert elsewhere.say(id, long).status == 200
