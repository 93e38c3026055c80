"""Sessions: begun, read, changed, listed, ended."""

from typing import Any

import pytest

from conformance_tests.extension.api import Api
from conformance_tests.mochi.sessions import ID, MESSAGE, TIME, refusal

INFO = [
    *["session_id", "model", "created_at", "updated_at", "message_count"],
    *["tool_settings", "agent_settings"],
]
TOOLS: dict[str, Any] = {
    "tools": [],
    "tool_group": None,
    "execution_policy": "always_confirm",
    "tool_policies": {},
}


def test_a_session_is_begun(api: Api) -> None:
    """mochi API, sessions: 201 with what is known of it; ids of ten hexadecimal characters."""
    answer = api.begin()
    made = answer.json
    api.http.request("DELETE", f"/sessions/{made['session_id']}")
    assert answer.status == 201
    assert list(made) == INFO
    assert ID.fullmatch(made["session_id"])
    assert TIME.fullmatch(made["created_at"])
    assert TIME.fullmatch(made["updated_at"])
    assert (made["message_count"], made["tool_settings"]) == (0, TOOLS)
    assert made["agent_settings"] == {"enabled_agents": []}


def test_a_system_prompt_is_its_first_message(api: Api) -> None:
    """mochi API, create: the prompt becomes message 0."""
    with api.session(system_prompt="Be brief.") as id:
        (message,) = api.found(f"/sessions/{id}/messages")["messages"]
        assert message.keys() >= MESSAGE
        assert (message["role"], message["content"]) == ("system", "Be brief.")


def test_it_is_read_whole(api: Api, session: str) -> None:
    """mochi API, read: the info, and summary, window and messages beside it."""
    found = api.found(f"/sessions/{session}")
    more = ["summary", "summary_model", "context_window_config", "messages"]
    assert list(found) == [*INFO, *more]
    assert (found["session_id"], found["messages"]) == (session, [])


def test_it_is_in_the_list(api: Api, session: str) -> None:
    """mochi API, list: the latest first, with a preview of the first question."""
    (item,) = [item for item in api.found("/sessions")["sessions"] if item["session_id"] == session]
    assert item.keys() >= {"model", "created_at", "updated_at", "message_count", "summary"}
    assert item["preview"] == ""


def test_settings_are_replaced_as_a_whole(api: Api, session: str) -> None:
    """mochi API, change: what a settings object leaves out has its default again."""
    settings = {"execution_policy": "never_confirm", "tool_policies": {"x": "always_confirm"}}
    changed = api.http.request("PATCH", f"/sessions/{session}", {"tool_settings": settings})
    assert (changed.status, changed.json["tool_settings"]) == (200, {**TOOLS, **settings})
    again = api.http.request("PATCH", f"/sessions/{session}", {"tool_settings": {}})
    assert again.json["tool_settings"] == TOOLS


def test_the_system_prompt_is_put_and_taken_away(api: Api, session: str) -> None:
    """mochi API, system prompt of a session: message 0, replaced and removed."""
    path = f"/sessions/{session}/system-prompt"
    for text in ("Be brief.", "Be kind."):
        put = api.http.request("PUT", path, {"content": text})
        assert put.json == {"content": text, "source_file": None, "message_index": 0}
        assert api.said(session) == [("system", text)]
    assert api.http.request("DELETE", path).status == 204
    assert api.said(session) == []
    assert refusal(api.http.request("DELETE", path)) == (404, "PROMPT_NOT_FOUND")


def test_what_is_deleted_is_gone(api: Api, session: str) -> None:
    """mochi API, delete: 204 without a body, then 404."""
    gone = api.http.request("DELETE", f"/sessions/{session}")
    assert (gone.status, gone.body) == (204, b"")
    for answer in (
        api.http.get(f"/sessions/{session}"),
        api.http.request("DELETE", f"/sessions/{session}"),
        api.say(session, "Hello."),
    ):
        assert refusal(answer) == (404, "SESSION_NOT_FOUND")


def test_an_unknown_model_begins_nothing(api: Api) -> None:
    """mochi API, create and change: the model must be there."""
    assert refusal(api.begin(model="there-is-no-such-model")) == (404, "MODEL_NOT_FOUND")


MISTAKES: dict[str, dict[str, Any]] = {
    "no model": {"model": None},
    "a number for a model": {"model": 5},
    "a number for a prompt": {"system_prompt": 5},
    "an unknown policy": {"tool_settings": {"execution_policy": "perhaps"}},
    "tools in a string": {"tool_settings": {"tools": "a"}},
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_field(api: Api, name: str) -> None:
    """mochi API, errors: 422 VALIDATION_ERROR, `details.errors` with field and message."""
    assert refusal(api.begin(**MISTAKES[name])) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize("id", ["0000000000", "..%2F..%2Fetc%2Fpasswd", "x" * 65, "%00"])
def test_an_id_that_is_none_is_unknown(api: Api, id: str) -> None:
    """mochi API, conventions: no id reaches the file system unchecked."""
    status, code = refusal(api.http.get(f"/sessions/{id}"))
    assert status == 404
    assert code == "SESSION_NOT_FOUND" or "%2F" in id  # which may be a path that leads nowhere
