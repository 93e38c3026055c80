"""Summaries on demand, on the simulator; what they need, and what becomes of failures."""

from typing import Any

import pytest

from conformance_tests.mochi.documents import assistant, document, user
from conformance_tests.mochi.sessions import Sessions, refusal, snapshot

NONE: dict[str, Any] = {"summary": None, "topics": [], "summary_model": None}


def summarise(sessions: Sessions, id: str, body: Any = None) -> Any:
    return sessions.http.request("POST", f"/sessions/{id}/summarize", {} if body is None else body)


def shown(sessions: Sessions, id: str) -> dict[str, Any]:
    answer = sessions.http.get(f"/sessions/{id}/summary")
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


def test_on_demand(sessions: Sessions, talked: str) -> None:
    """The text, the topics and the model; kept where lists and details show it."""
    assert shown(sessions, talked) == NONE
    before = sessions.written(talked)
    answer = summarise(sessions, talked)
    assert answer.status == 200, answer.body
    assert list(answer.json) == ["summary", "topics", "model_used"]
    assert answer.json["summary"]
    assert all(type(topic) is str for topic in answer.json["topics"])
    assert answer.json["model_used"] == "demo"
    made = {key: answer.json[key] for key in ("summary", "topics")}
    assert shown(sessions, talked) == {**made, "summary_model": None}
    after = sessions.written(talked)
    assert after["metadata"]["summary"] == made
    assert after["messages"] == before["messages"]
    assert sessions.detail(talked)["summary"] == made
    listed = sessions.http.get("/sessions").json["sessions"]
    assert next(one for one in listed if one["session_id"] == talked)["summary"] == made
    assert sessions.http.get(f"/sessions/{talked}/status").json["summary"] == made


def test_a_model_that_is_named_stays_the_one(sessions: Sessions, talked: str) -> None:
    """It is stored as `summary_model`; the session's own goes first when none is named."""
    answer = summarise(sessions, talked, {"model": "demo-tools"})
    assert answer.json["model_used"] == "demo-tools"
    assert shown(sessions, talked)["summary_model"] == "demo-tools"
    assert sessions.written(talked)["metadata"]["summary_model"] == "demo-tools"
    assert summarise(sessions, talked, {"model": None}).json["model_used"] == "demo"
    assert shown(sessions, talked)["summary_model"] == "demo-tools"


@pytest.mark.parametrize("model", ["demo-thinking", "demo-qwen", "demo-go"])
def test_models_of_other_kinds(sessions: Sessions, talked: str, model: str) -> None:
    """A model that thinks, and templates of other kinds."""
    assert summarise(sessions, talked, {"model": model}).json["summary"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"model": "nowhere"}, (404, "MODEL_NOT_FOUND")),
        ({"model": "../x"}, (404, "MODEL_NOT_FOUND")),
        ({"model": ""}, (404, "MODEL_NOT_FOUND")),
        ({"model": "demo-embed"}, (422, "VALIDATION_ERROR")),
        ({"model": 7}, (422, "VALIDATION_ERROR")),
        ({"model": ["demo"]}, (422, "VALIDATION_ERROR")),
        ([], (422, "VALIDATION_ERROR")),
        (b"{", (422, "VALIDATION_ERROR")),
    ],
)
def test_refusals(sessions: Sessions, talked: str, body: Any, expected: tuple[int, str]) -> None:
    """Nothing is written."""
    before = snapshot(sessions.data)
    assert refusal(summarise(sessions, talked, body)) == expected
    assert snapshot(sessions.data) == before


@pytest.mark.parametrize("prompt", [None, "Be brief."])
def test_hardly_anything_was_said(sessions: Sessions, prompt: str | None) -> None:
    """Fewer than two messages."""
    id = sessions.begin(system_prompt=prompt)
    assert refusal(summarise(sessions, id)) == (422, "VALIDATION_ERROR")
    assert shown(sessions, id) == NONE


def test_no_model_that_can(sessions: Sessions) -> None:
    """Neither the session's own nor one that was named."""
    talk = [user("Hello."), assistant("Hello.")]
    sessions.put("summary-none", document("1.3", talk=talk, model="gpt-oss:20b"))
    assert refusal(summarise(sessions, "summary-none")) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize("id", ["0000000000", "..x", "CON"])
def test_unknown_sessions(sessions: Sessions, id: str) -> None:
    """Whatever the id."""
    assert refusal(sessions.http.get(f"/sessions/{id}/summary")) == (404, "SESSION_NOT_FOUND")
    assert refusal(summarise(sessions, id)) == (404, "SESSION_NOT_FOUND")


def test_without_ollama(stranded: Sessions) -> None:
    """502 at once; the session can still be read."""
    talk = [user("Hello."), assistant("Hello.")]
    stranded.put("summary-lost", document("1.3", talk=talk))
    assert refusal(summarise(stranded, "summary-lost")) == (502, "OLLAMA_UNREACHABLE")
    assert shown(stranded, "summary-lost") == NONE


def test_a_file_of_a_later_version(sessions: Sessions) -> None:
    """It can be read, and is never written."""
    path = sessions.put("summary-later", document("2.0"))
    before = path.read_bytes()
    assert refusal(summarise(sessions, "summary-later")) == (409, "SESSION_READ_ONLY")
    assert shown(sessions, "summary-later") == NONE
    assert path.read_bytes() == before
