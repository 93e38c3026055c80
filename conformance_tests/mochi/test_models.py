"""Model names, as Ollama has them and as people type them."""

import pytest

from conformance_tests.checks import completion, fold
from conformance_tests.wire import Server


def test_the_list_shows_the_shortest_names(server: Server, root: Server) -> None:
    """Ollama's `demo:latest` is `demo` to everybody; both find it."""
    ids = {model["id"] for model in server.get("/models").json["data"]}
    assert {"demo", "demo-tools", "demo-thinking", "demo-vision"} <= ids
    assert not any(id.endswith(":latest") for id in ids)


@pytest.mark.parametrize("name", ["demo", "demo:latest", "demo%3Alatest", "DEMO"])
def test_a_model_is_found_under_each_of_its_names(root: Server, name: str) -> None:
    """Ollama compares names without case and completes them with `:latest`."""
    answer = root.get(f"/v1/models/{name}")
    assert answer.status == 200
    assert answer.json["id"] == name.replace("%3A", ":")


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
