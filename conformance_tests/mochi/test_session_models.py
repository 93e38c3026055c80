"""Health, the models, and how a session stands."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.sessions import Sessions, refusal
from conformance_tests.wire import Server

MODEL = [
    *["name", "size_mb", "format", "family", "parameter_size", "quantization_level"],
    *["capabilities", "context_length"],
]
STATUS = [
    *["session_id", "model", "message_count", "context_window", "tools_enabled", "active_tools"],
    *["execution_policy", "agents_enabled", "enabled_agents", "system_prompt_file", "summary"],
    "summary_model",
]
WINDOW = [
    *["dynamic_enabled", "current_window", "model_max_context", "last_adjustment_reason"],
    "manual_override",
]


def test_health(sessions: Sessions, stranded: Sessions, gateway: Gateway) -> None:
    """200 with and without Ollama, and soon; the version is that of the program."""
    began = time.monotonic()
    for each, connected in ((sessions, True), (stranded, False)):
        answer = each.http.get("/health")
        assert answer.status == 200
        assert list(answer.json) == ["status", "ollama_connected", "ollama_host", "version"]
        assert (answer.json["status"], answer.json["ollama_connected"]) == ("ok", connected)
    assert sessions.http.get("/health").json["ollama_host"] == gateway.ollama
    assert time.monotonic() - began < 3


def as_promised(model: dict[str, Any]) -> bool:
    texts = [model[name] for name in MODEL if name.startswith(("name", "f", "p", "q"))]
    return (
        list(model) == MODEL
        and all(type(text) is str and text for text in texts)
        and isinstance(model["size_mb"], int | float)
        and round(model["size_mb"], 1) == model["size_mb"]
        and all(type(capability) is str for capability in model["capabilities"])
        and type(model["context_length"]) is int
    )


def test_models(sessions: Sessions) -> None:
    """Those that can chat, in Ollama's order, with what the list and the model itself say."""
    answer = sessions.http.get("/models")
    assert answer.status == 200
    assert list(answer.json) == ["models"]
    models = answer.json["models"]
    assert all(as_promised(model) for model in models)
    assert all("completion" in model["capabilities"] for model in models)
    names = [model["name"] for model in models]
    assert "demo:latest" in names
    assert "demo-embed:latest" not in names


def test_the_order_is_ollamas(sessions: Sessions, gateway: Gateway) -> None:
    """Ollama lists what was changed last first, and so do clients that show our list."""
    tags = Server(gateway.ollama).get("/api/tags").json["models"]
    names = [model["name"] for model in sessions.http.get("/models").json["models"]]
    assert names == [model["name"] for model in tags if model["name"] in names]
    sizes = {model["name"]: round(model["size"] / 1_048_576, 1) for model in tags}
    for model in sessions.http.get("/models").json["models"]:
        assert model["size_mb"] == sizes[model["name"]]


@pytest.mark.parametrize("name", ["demo", "demo:latest", "demo-embed", "demo-long"])
def test_a_model(sessions: Sessions, name: str) -> None:
    """Not wrapped; also one that cannot chat."""
    answer = sessions.http.get(f"/models/{name}")
    assert answer.status == 200
    assert as_promised(answer.json)
    assert answer.json["name"].startswith(name)
    assert ("embed" in name) == ("completion" not in answer.json["capabilities"])


def test_how_long_a_context_is(sessions: Sessions) -> None:
    """From what the model says of itself."""
    assert sessions.http.get("/models/demo-long").json["context_length"] == 131_072
    assert sessions.http.get("/models/demo").json["context_length"] == 8_192


@pytest.mark.parametrize(
    "name",
    ["none", "none:7b", "hf.co/some/one:Q4", "..%2f..%2fetc", "%00", "a%20b", "x" * 300, "é"],
)
def test_no_such_model(sessions: Sessions, name: str) -> None:
    """404, also for what cannot be the name of a model."""
    path = f"/models/{name}" if name.isascii() else "/models/%C3%A9"
    assert refusal(sessions.http.get(path)) == (404, "MODEL_NOT_FOUND")


def test_models_without_ollama(stranded: Sessions) -> None:
    """502, not an empty list."""
    for path in ("/models", "/models/demo"):
        assert refusal(stranded.http.get(path)) == (502, "OLLAMA_UNREACHABLE")


def status(sessions: Sessions, id: str) -> dict[str, Any]:
    answer = sessions.http.get(f"/sessions/{id}/status")
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    assert list(found) == STATUS
    assert list(found["context_window"]) == WINDOW
    return found


def test_status_of_a_new_session(sessions: Sessions) -> None:
    """Every field, `null` for nothing."""
    id = sessions.begin(model="demo-long")
    assert status(sessions, id) == {
        "session_id": id,
        "model": "demo-long",
        "message_count": 0,
        "context_window": {
            "dynamic_enabled": True,
            "current_window": 8192,
            "model_max_context": 131_072,
            "last_adjustment_reason": "initial_setup",
            "manual_override": False,
        },
        "tools_enabled": False,
        "active_tools": [],
        "execution_policy": "always_confirm",
        "agents_enabled": False,
        "enabled_agents": [],
        "system_prompt_file": None,
        "summary": None,
        "summary_model": None,
    }


def test_status_of_one_with_all(sessions: Sessions) -> None:
    """What was chosen, and what was said."""
    id = sessions.begin(
        system_prompt="Be brief.",
        system_prompt_source_file="short.md",
        tool_settings={"tools": ["a", "b"], "execution_policy": "never_confirm"},
        agent_settings={"enabled_agents": ["scribe"]},
    )
    sessions.say(id, "Say one.")
    found = status(sessions, id)
    assert found["message_count"] == 3
    assert (found["tools_enabled"], found["active_tools"]) == (True, ["a", "b"])
    assert found["execution_policy"] == "never_confirm"
    assert (found["agents_enabled"], found["enabled_agents"]) == (True, ["scribe"])
    assert found["system_prompt_file"] == "short.md"


def test_status_without_ollama(stranded: Sessions) -> None:
    """It answers; only what Ollama alone knows is `null`."""
    stranded.put("aaaaaaaaaa", {"metadata": {"model": "demo"}, "messages": []})
    began = time.monotonic()
    found = status(stranded, "aaaaaaaaaa")
    assert found["context_window"]["model_max_context"] is None
    assert found["context_window"]["current_window"] is None
    assert time.monotonic() - began < 3
    stranded.path("aaaaaaaaaa").unlink()


@pytest.fixture(scope="module")
def fixed(gateway: Gateway) -> Iterator[Sessions]:
    """Context windows are not this gateway's business."""
    with gateway_alone(gateway.ollama, MOCHI_DYNAMIC_CONTEXT_WINDOW_ENABLED="false") as running:
        yield Sessions(running)


def test_without_windows(fixed: Sessions) -> None:
    """The setting and the session's own value both have to be on."""
    id = fixed.begin()
    assert status(fixed, id)["context_window"]["dynamic_enabled"] is False
    answer = fixed.say(id, "Say one.").json
    assert answer["context_window"]["current_window"] is None
    assert answer["context_window"]["reason"] == "no_adjustment"
