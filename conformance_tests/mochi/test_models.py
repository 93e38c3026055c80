"""Model names, as Ollama has them and as people type them."""

from urllib.parse import unquote

import pytest

from conformance_tests.checks import completion, fold
from conformance_tests.launcher import Gateway, free_port, gateway_alone, simulator
from conformance_tests.mochi.errors import error_of
from conformance_tests.wire import Server


def test_the_list_shows_the_shortest_names(server: Server, root: Server) -> None:
    """Ollama's `demo:latest` is `demo` to everybody; both find it."""
    ids = {model["id"] for model in server.get("/models").json["data"]}
    assert {"demo", "demo-tools", "demo-thinking", "demo-vision"} <= ids
    assert not any(id.endswith(":latest") for id in ids)


@pytest.mark.parametrize(
    "name", ["demo", "demo:latest", "demo%3Alatest", "DEMO", "library/demo", "library%2Fdemo"]
)
def test_a_model_is_found_under_each_of_its_names(root: Server, name: str) -> None:
    """Ollama compares names without case and completes them with `:latest`."""
    answer = root.get(f"/v1/models/{name}")
    assert answer.status == 200
    assert answer.json["id"] == unquote(name)


@pytest.mark.parametrize("name", ["demo", "demo:latest"])
def test_answers_name_the_model_that_was_asked_for(root: Server, name: str) -> None:
    """Clients compare the name with the one that they sent."""
    path = "/v1/chat/completions"
    assert completion(root.request("POST", path, root.body(model=name)))["model"] == name
    answer = root.request("POST", path, root.body(model=name, stream=True))
    assert fold(answer).content
    assert {chunk["model"] for chunk in answer.chunks} == {name}


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a//b", "a b", "demo\n", "http://127.0.0.1/x", "x" * 500, "démo"]
)
def test_what_cannot_be_a_name_is_not_found(root: Server, name: str) -> None:
    """CVE-2024-37032: names become paths and URLs somewhere; these go nowhere."""
    answer = root.request("POST", "/v1/chat/completions", root.body(model=name))
    assert (answer.status, answer.json["error"]["code"]) == (404, "model_not_found")


def test_the_list_tells_what_models_can_do(root: Server) -> None:
    """Set-up dialogs of agents want a context length; `max_model_len` is vLLM's word for it. As
    /api/show has them: /api/tags of Ollama lacks the capabilities that the template tells."""
    listed = {model["id"]: model for model in root.get("/v1/models").json["data"]}
    assert listed["demo"]["context_length"] == listed["demo"]["max_model_len"] == 8192
    assert listed["demo-thinking"]["capabilities"] == ["completion", "thinking", "tools"]
    assert listed["demo-embed"]["capabilities"] == ["embedding"]
    assert root.get("/v1/models/demo-thinking").json == listed["demo-thinking"]


def test_a_trailing_slash_is_the_list(root: Server) -> None:
    """Clients join URLs carelessly."""
    assert root.get("/v1/models/").body == root.get("/v1/models").body


def test_models_are_not_deleted(root: Server) -> None:
    """OpenAI API reference, delete a fine-tuned model: a gateway does not do that."""
    answer = root.request("DELETE", "/v1/models/demo")
    assert (answer.status, error_of(answer)["code"]) == (405, "method_not_supported")
    assert "GET" in answer.headers["allow"]


def test_the_list_outlives_ollama(gateway: Gateway) -> None:
    """Open WebUI hides a connection whose list fails, and does not ask again by itself."""
    port = free_port()
    with gateway_alone(f"http://127.0.0.1:{port}") as running:
        server = Server(running.root + "/v1", "demo", timeout=10)
        never = server.get("/models")
        assert (never.status, error_of(never)["code"]) == (502, "upstream_unavailable")
        with simulator(port):
            fresh = server.get("/models")
            assert "x-mochi-stale" not in fresh.headers
        stale = server.get("/models")
        assert (stale.status, stale.body) == (200, fresh.body)
        assert stale.headers["x-mochi-stale"].isdigit()
        assert server.get("/models/demo").headers["x-mochi-stale"].isdigit()
        missing = server.get("/models/nobody")
        assert (missing.status, error_of(missing)["code"]) == (404, "model_not_found")


OPENAIS = [
    "assistants",
    "audio/speech",
    "batches",
    "files",
    "fine_tuning/jobs",
    "images/generations",
    "moderations",
    "realtime/client_secrets",
    "threads",
    "vector_stores",
]


@pytest.mark.parametrize("path", OPENAIS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_ollama_cannot_do_is_not_there(root: Server, method: str, path: str) -> None:
    """OpenAI: 404, invalid_request_error, "Invalid URL (POST /v1/…)"."""
    answer = root.request(method, f"/v1/{path}", {} if method == "POST" else None)
    error = error_of(answer)
    assert (answer.status, error["type"]) == (404, "invalid_request_error")
    assert error["message"] == f"Invalid URL ({method} /v1/{path})"
