"""Health, models, prompts, status, summaries, and the one form of every error."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from conformance_tests.extension.api import Api
from conformance_tests.mochi.sessions import refusal


@pytest.fixture
def name(api: Api) -> Iterator[str]:
    """The file name of a prompt that is not there, nor afterwards."""
    name = f"conformance-{uuid.uuid4().hex}.md"
    yield name
    api.http.request("DELETE", f"/system-prompts/{name}")


def test_health_tells_of_ollama(api: Api) -> None:
    """mochi API, health: 200 while the server runs, and whether its Ollama answers."""
    found = api.found("/health")
    assert list(found) == ["status", "ollama_connected", "ollama_host", "version"]
    assert (found["status"], found["ollama_connected"]) == ("ok", True)


def test_models_tell_what_they_can(api: Api) -> None:
    """mochi API, models: those that chat, each found again by its name."""
    models = api.found("/models")["models"]
    assert models
    for model in models[:5]:
        assert "completion" in model["capabilities"]
        assert model["context_length"] > 0
        assert api.found(f"/models/{model['name']}") == model
    unknown = api.http.get("/models/there-is-no-such-model")
    assert refusal(unknown) == (404, "MODEL_NOT_FOUND")


def test_a_prompt_lives_and_dies(api: Api, name: str) -> None:
    """mochi API, system prompts: made, found, changed, listed, deleted; none is overwritten."""
    path, made = f"/system-prompts/{name}", {"filename": name, "content": "Be kind, please."}
    assert api.http.request("POST", "/system-prompts", made).json == made
    assert refusal(api.http.request("POST", "/system-prompts", made)) == (409, "PROMPT_EXISTS")
    assert api.found(path) == made
    assert {"filename": name, "preview": "Be kind, please.", "word_count": 3} in api.found(
        "/system-prompts"
    )["prompts"]
    changed = api.http.request("PUT", path, {"content": "Be brief."})
    assert changed.json == {"filename": name, "content": "Be brief."}
    with api.session(system_prompt_source_file=name) as id:
        assert api.said(id) == [("system", "Be brief.")]
    assert api.http.request("DELETE", path).status == 204
    assert refusal(api.http.get(path)) == (404, "PROMPT_NOT_FOUND")


@pytest.mark.parametrize("name", ["../x.md", "x.txt", ".x.md", "a/b.md", "CON.md", ""])
def test_a_prompt_stays_in_its_folder(api: Api, name: str) -> None:
    """mochi API, system prompts: names that are none are refused, and nothing is written."""
    body = {"filename": name, "content": "x"}
    answer = api.http.request("POST", "/system-prompts", body)
    assert refusal(answer) == (422, "VALIDATION_ERROR")


def test_the_status_of_a_session(api: Api, session: str) -> None:
    """mochi API, status: window, tools, agents, prompt and summary at a glance."""
    found = api.found(f"/sessions/{session}/status")
    assert found.keys() >= {"model", "context_window", "tools_enabled", "active_tools"}
    assert (found["session_id"], found["message_count"]) == (session, 0)
    assert (found["tools_enabled"], found["active_tools"]) == (False, [])
    assert found["context_window"].keys() >= {"dynamic_enabled", "current_window"}


def test_there_is_nothing_to_sum_up(api: Api, session: str) -> None:
    """mochi API, summaries: none yet is no error; one of nothing is."""
    none: dict[str, Any] = {"summary": None, "topics": [], "summary_model": None}
    assert api.found(f"/sessions/{session}/summary") == none
    asked = api.http.request("POST", f"/sessions/{session}/summarize", {})
    assert refusal(asked) == (422, "VALIDATION_ERROR")


def test_an_unknown_route(api: Api) -> None:
    """mochi API, errors: one form for all of them, unknown routes and wrong methods included."""
    assert refusal(api.http.get("/there/is/no/such/route")) == (404, "NOT_FOUND")
    assert refusal(api.http.request("PUT", "/sessions", {})) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff"])
def test_what_is_no_object_is_refused(api: Api, body: bytes) -> None:
    """mochi API, errors: bad JSON is 422, with the field or the place at fault."""
    assert refusal(api.http.request("POST", "/sessions", body)) == (422, "VALIDATION_ERROR")
