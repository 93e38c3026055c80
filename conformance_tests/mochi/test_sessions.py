"""The routes of sessions: what they answer, what they refuse, and what they leave alone."""

from typing import Any

import pytest

from conformance_tests.mochi.sessions import ID, MESSAGE, TIME, Sessions, listed, refusal, snapshot

INFO = [
    *["session_id", "model", "created_at", "updated_at", "message_count", "tool_settings"],
    "agent_settings",
]


DETAIL = [*INFO, "summary", "summary_model", "context_window_config", "messages"]


ITEM = [*INFO[:5], "summary", "preview"]


TOOLS: dict[str, Any] = {
    "tools": [],
    "tool_group": None,
    "execution_policy": "always_confirm",
    "tool_policies": {},
}


CHOSEN = {
    "tools": ["read_clock", "no_such_tool"],
    "tool_group": "time",
    "execution_policy": "never_confirm",
    "tool_policies": {"read_clock": "always_confirm"},
}


def item(sessions: Sessions, id: str) -> dict[str, Any]:
    (one,) = [one for one in listed(sessions) if one["session_id"] == id]
    return one


def test_a_new_one(sessions: Sessions) -> None:
    """201, and every documented field."""
    answer = sessions.http.request("POST", "/sessions", {"model": "demo"})
    assert answer.status == 201
    assert answer.headers["content-type"] == "application/json"
    info = answer.json
    assert list(info) == INFO
    assert ID.fullmatch(info["session_id"])
    assert TIME.fullmatch(info["created_at"])
    assert info["updated_at"] == info["created_at"]
    assert (info["model"], info["message_count"]) == ("demo", 0)
    assert info["tool_settings"] == TOOLS
    assert info["agent_settings"] == {"enabled_agents": []}
    assert sessions.path(info["session_id"]).exists()


def test_null_means_absent_and_the_unknown_is_ignored(sessions: Sessions) -> None:
    """Clients with typed models send every field they know, and some that we do not."""
    nothing = {"tools": None, "tool_group": None, "execution_policy": None, "tool_policies": None}
    id = sessions.begin(
        system_prompt=None,
        system_prompt_source_file=None,
        tool_settings=nothing,
        agent_settings={"enabled_agents": None, "colour": 1},
        title="My chat",
    )
    detail = sessions.detail(id)
    assert detail["tool_settings"] == TOOLS
    assert detail["agent_settings"] == {"enabled_agents": []}
    assert detail["messages"] == []


def test_with_everything(sessions: Sessions) -> None:
    """Tools and agents that nobody knows are kept; they may be there tomorrow."""
    id = sessions.begin(
        system_prompt="Answer in one line.",
        system_prompt_source_file="short.md",
        tool_settings=CHOSEN,
        agent_settings={"enabled_agents": ["scribe"]},
    )
    detail = sessions.detail(id)
    assert list(detail) == DETAIL
    assert detail["tool_settings"] == CHOSEN
    assert detail["agent_settings"] == {"enabled_agents": ["scribe"]}
    assert detail["summary"] is detail["summary_model"] is None
    (prompt,) = detail["messages"]
    assert prompt.keys() == MESSAGE
    assert (prompt["role"], prompt["content"]) == ("system", "Answer in one line.")
    assert prompt["source_file"] == "short.md"
    assert ID.fullmatch(prompt["message_id"])
    assert TIME.fullmatch(prompt["timestamp"])
    absent = MESSAGE - {"role", "content", "message_id", "timestamp", "source_file"}
    assert all(prompt[field] is None for field in absent)


def test_the_window_of_a_new_one(sessions: Sessions) -> None:
    """8192, or 90 % of what the model has room for."""
    for model, window in (("demo-long", 8192), ("demo", int(8192 * 0.9))):
        config = sessions.detail(sessions.begin(model=model))["context_window_config"]
        assert config == {
            "dynamic_enabled": True,
            "current_window": window,
            "last_adjustment": "initial_setup",
            "adjustment_history": [],
            "manual_override": False,
        }


def test_largest_prompt(sessions: Sessions) -> None:
    """Fewer than 10 000 characters, whatever they are in bytes."""
    text = "ö" * 9_999
    assert sessions.said(sessions.begin(system_prompt=text)) == [("system", text)]


def test_a_missing_model(sessions: Sessions) -> None:
    """404 from Ollama's list, and nothing is written."""
    before = snapshot(sessions.data)
    answer = sessions.http.request("POST", "/sessions", {"model": "no-such:7b"})
    assert refusal(answer) == (404, "MODEL_NOT_FOUND")
    assert "no-such:7b" in answer.json["error"]["message"]
    assert snapshot(sessions.data) == before


def test_a_missing_prompt_file(sessions: Sessions) -> None:
    """404 for a file that is not there, and for a name that no file may have."""
    before = snapshot(sessions.data)
    for name in ("none.md", "../log", "/etc/passwd", "..", ""):
        body = {"model": "demo", "system_prompt_source_file": name}
        answer = sessions.http.request("POST", "/sessions", body)
        assert refusal(answer) == (404, "PROMPT_NOT_FOUND"), name
    assert snapshot(sessions.data) == before


def test_a_prompt_from_a_file(sessions: Sessions) -> None:
    """With the name alone, the file is read; with a text, only the name is kept."""
    body = {"filename": "pirate.md", "content": "Talk like a pirate."}
    assert sessions.http.request("POST", "/system-prompts", body).status == 201
    id = sessions.begin(system_prompt_source_file="pirate.md")
    assert sessions.said(id) == [("system", "Talk like a pirate.")]
    assert sessions.messages(id)[0]["source_file"] == "pirate.md"
    id = sessions.begin(system_prompt="Be kind.", system_prompt_source_file="pirate.md")
    assert sessions.said(id) == [("system", "Be kind.")]
    assert sessions.http.request("DELETE", "/system-prompts/pirate.md").status == 204


def test_the_list(sessions: Sessions) -> None:
    """Every field of an item; the newest change first, whatever was made first."""
    ids = [sessions.begin() for _ in range(3)]
    items = listed(sessions)
    assert all(list(item) == ITEM for item in items)
    assert [item["session_id"] for item in items[:3]] == ids[::-1]
    body = {"agent_settings": {"enabled_agents": ["a"]}}
    assert sessions.http.request("PATCH", f"/sessions/{ids[0]}", body).status == 200
    assert [item["session_id"] for item in listed(sessions)[:3]] == [ids[0], ids[2], ids[1]]
    times = [item["updated_at"] for item in items]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("length", [1, 100, 101, 500])
def test_previews(sessions: Sessions, length: int) -> None:
    """The first user message: whole up to 100 characters, else 97 of them and three dots."""
    id = sessions.begin(system_prompt="Be brief.")
    assert item(sessions, id)["preview"] == ""
    said = "é" * length
    for text in (said, "later"):
        sessions.say(id, text)
    assert item(sessions, id)["preview"] == (said if length <= 100 else "é" * 97 + "...")
    assert item(sessions, id)["message_count"] == 5
    assert item(sessions, id)["summary"] is None


def test_messages(sessions: Sessions, talked: str) -> None:
    """The same messages by both routes, with every field, ids and times of their own."""
    answer = sessions.http.get(f"/sessions/{talked}/messages")
    assert (answer.status, list(answer.json)) == (200, ["messages"])
    messages = answer.json["messages"]
    assert messages == sessions.messages(talked)
    roles = [message["role"] for message in messages]
    assert roles == ["system", "user", "assistant", "user", "assistant"]
    assert all(message.keys() == MESSAGE for message in messages)
    assert len({message["message_id"] for message in messages}) == 5
    times = [message["timestamp"] for message in messages]
    assert times == sorted(times)
    assert all(TIME.fullmatch(time) for time in times)
    assert messages[2]["model"] == "demo"
    assert messages[2]["eval_count"] > 0
    assert messages[2]["prompt_eval_count"] > 0
    assert messages[2]["thinking"] is messages[2]["tool_calls"] is None
    assert sessions.detail(talked)["message_count"] == 5


def test_settings_are_replaced_wholly(sessions: Sessions, talked: str) -> None:
    """What is left out of settings gets its default; what is not named at all stays."""
    path = f"/sessions/{talked}"
    before = sessions.detail(talked)
    answer = sessions.http.request("PATCH", path, {"tool_settings": CHOSEN})
    assert answer.status == 200
    assert list(answer.json) == INFO
    assert answer.json["tool_settings"] == CHOSEN
    assert answer.json["updated_at"] > before["updated_at"]
    body = {"tool_settings": {"tools": ["b"]}, "model": None, "agent_settings": None}
    assert sessions.http.request("PATCH", path, body).json["tool_settings"] == {
        **TOOLS,
        "tools": ["b"],
    }
    answer = sessions.http.request("PATCH", path, {"model": "demo-tools"})
    assert answer.json["model"] == "demo-tools"
    after = sessions.detail(talked)
    changed = {"model", "tool_settings", "updated_at"}
    assert {key: after[key] for key in after.keys() - changed} == {
        key: before[key] for key in before.keys() - changed
    }


PATCHES: dict[str, Any] = {
    "model empty": {"model": ""},
    "model number": {"model": 7},
    "policy": {"tool_settings": {"execution_policy": "x"}},
    "agents": {"agent_settings": 7},
    "no JSON": b"{",
    "list": [],
}


@pytest.mark.parametrize("case", PATCHES)
def test_bad_changes(sessions: Sessions, talked: str, case: str) -> None:
    """422, and not even a part of it happens."""
    before = snapshot(sessions.data)
    body = PATCHES[case]
    if isinstance(body, dict):
        body = {"agent_settings": {"enabled_agents": ["a"]}, **body}
    answer = sessions.http.request("PATCH", f"/sessions/{talked}", body)
    assert refusal(answer) == (422, "VALIDATION_ERROR")
    assert snapshot(sessions.data) == before


def test_a_change_to_a_missing_model(sessions: Sessions, talked: str) -> None:
    """404, and the file is the very same, its time included."""
    before = snapshot(sessions.data)
    body = {"model": "no-such", "tool_settings": CHOSEN}
    answer = sessions.http.request("PATCH", f"/sessions/{talked}", body)
    assert refusal(answer) == (404, "MODEL_NOT_FOUND")
    assert snapshot(sessions.data) == before


def test_edit(sessions: Sessions, talked: str) -> None:
    """The content as given, a new time, the same id; what followed is gone."""
    before = sessions.messages(talked)
    path = f"/sessions/{talked}/messages/1"
    answer = sessions.http.request("PUT", path, {"content": "  Say three. \n"})
    assert answer.status == 200
    assert answer.json == {"session_id": talked, "message_index": 1, "message_count": 2}
    system, user = sessions.messages(talked)
    assert system == before[0]
    assert user["content"] == "  Say three. \n"
    assert user["message_id"] == before[1]["message_id"]
    assert user["timestamp"] > before[1]["timestamp"]
    assert len(sessions.written(talked)["messages"]) == 2


def test_the_last_message_can_be_edited(sessions: Sessions, talked: str) -> None:
    """An index may point at the last of a kind, and only the answer after it goes."""
    answer = sessions.http.request("PUT", f"/sessions/{talked}/messages/3", {"content": "x"})
    assert answer.json["message_count"] == 4
    assert [role for role, _ in sessions.said(talked)] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize("index", ["0", "2", "4", "5", "-1", "999999999999"])
def test_what_cannot_be_edited(sessions: Sessions, talked: str, index: str) -> None:
    """400 for what is no user message, or none at all; nothing changes."""
    before = snapshot(sessions.data)
    path = f"/sessions/{talked}/messages/{index}"
    answer = sessions.http.request("PUT", path, {"content": "x"})
    assert refusal(answer) == (400, "INVALID_MESSAGE_INDEX")
    assert snapshot(sessions.data) == before


@pytest.mark.parametrize("index", ["one", "1.0", "0x1", "1e0", "%20", "٣"])
def test_what_is_no_index(sessions: Sessions, talked: str, index: str) -> None:
    """A path value of the wrong type is 422."""
    path = f"/sessions/{talked}/messages/{index}"
    if not index.isascii():
        path = f"/sessions/{talked}/messages/%D9%A3"
    answer = sessions.http.request("PUT", path, {"content": "x"})
    assert refusal(answer) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"content": None}, {"content": 7}, b"{"])
def test_bad_edits(sessions: Sessions, talked: str, body: Any) -> None:
    """At least one character; nothing changes."""
    before = snapshot(sessions.data)
    answer = sessions.http.request("PUT", f"/sessions/{talked}/messages/1", body)
    assert refusal(answer) == (422, "VALIDATION_ERROR")
    assert snapshot(sessions.data) == before


def test_session_prompts(sessions: Sessions) -> None:
    """Put before the conversation, replaced there, taken away; the conversation stays."""
    id = sessions.begin()
    sessions.say(id, "Say one.")
    talk, path = sessions.messages(id), f"/sessions/{id}/system-prompt"
    ids = []
    for text in ("Be brief.", "Be kind."):
        answer = sessions.http.request("PUT", path, {"content": text})
        assert answer.status == 200
        assert answer.json == {"content": text, "source_file": None, "message_index": 0}
        prompt, *rest = sessions.messages(id)
        assert (prompt["role"], prompt["content"]) == ("system", text)
        assert rest == talk
        ids.append(prompt["message_id"])
    assert len(set(ids)) == 1
    answer = sessions.http.request("DELETE", path)
    assert (answer.status, answer.body) == (204, b"")
    assert sessions.messages(id) == talk
    before = snapshot(sessions.data)
    assert refusal(sessions.http.request("DELETE", path)) == (404, "PROMPT_NOT_FOUND")
    assert snapshot(sessions.data) == before


def test_a_session_prompt_from_a_file(sessions: Sessions) -> None:
    """With both, the file wins."""
    body = {"filename": "chef.md", "content": "Talk like a chef."}
    assert sessions.http.request("POST", "/system-prompts", body).status == 201
    id = sessions.begin()
    body = {"source_file": "chef.md", "content": "Be kind."}
    answer = sessions.http.request("PUT", f"/sessions/{id}/system-prompt", body)
    assert answer.json == {
        "content": "Talk like a chef.",
        "source_file": "chef.md",
        "message_index": 0,
    }
    assert sessions.http.request("DELETE", "/system-prompts/chef.md").status == 204
    assert sessions.said(id) == [("system", "Talk like a chef.")]


PROMPTS: dict[str, tuple[Any, tuple[int, str]]] = {
    "neither": ({}, (422, "VALIDATION_ERROR")),
    "nulls": ({"content": None, "source_file": None}, (422, "VALIDATION_ERROR")),
    "empty": ({"content": ""}, (422, "VALIDATION_ERROR")),
    "blank": ({"content": " \n"}, (422, "VALIDATION_ERROR")),
    "long": ({"content": "x" * 10_000}, (422, "VALIDATION_ERROR")),
    "number": ({"content": 7}, (422, "VALIDATION_ERROR")),
    "no file": ({"source_file": "none.md", "content": "x"}, (404, "PROMPT_NOT_FOUND")),
    "a path": ({"source_file": "../log"}, (404, "PROMPT_NOT_FOUND")),
}


@pytest.mark.parametrize("case", PROMPTS)
def test_bad_session_prompts(sessions: Sessions, talked: str, case: str) -> None:
    """Nothing changes."""
    body, error = PROMPTS[case]
    before = snapshot(sessions.data)
    answer = sessions.http.request("PUT", f"/sessions/{talked}/system-prompt", body)
    assert refusal(answer) == error
    assert snapshot(sessions.data) == before


def test_ids_of_other_programs(sessions: Sessions) -> None:
    """mochi-coco opens any file; up to 64 letters, digits, `-` and `_` are an id."""
    donor = sessions.path(sessions.begin()).read_bytes()
    for id in ("My-chat_2", "A" * 64):
        sessions.put(id, donor)
        assert sessions.detail(id)["session_id"] == id
        assert sessions.http.request("DELETE", f"/sessions/{id}").status == 204
