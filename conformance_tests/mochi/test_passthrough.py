"""A gateway that shows Ollama's own routes, for clients that add an Ollama server."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.standin import StandIn
from conformance_tests.wire import Answer, Server

MANAGING = ["/api/pull", "/api/push", "/api/copy", "/api/create", f"/api/blobs/sha256:{'0' * 64}"]
HELLO = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture(scope="module")
def native(gateway: Gateway) -> Iterator[Server]:
    with gateway_alone(gateway.ollama, MOCHI_OLLAMA_PASSTHROUGH="true") as running:
        yield Server(running.root, "demo")


@pytest.fixture(scope="module")
def managing(gateway: Gateway) -> Iterator[Server]:
    settings = {"MOCHI_OLLAMA_PASSTHROUGH": "true", "MOCHI_OLLAMA_MANAGE": "true"}
    with gateway_alone(gateway.ollama, **settings) as running:
        yield Server(running.root, "demo")


def test_there_is_nothing_unless_it_is_asked_for(root: Server) -> None:
    """404 in Ollama's shape: what is off looks as if it did not exist."""
    for path in ("/api/tags", "/api/chat", "/api/pull"):
        answer = root.request("POST", path, {})
        assert (answer.status, list(answer.json)) == (404, ["error"])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_probe_of_the_root(native: Server, method: str) -> None:
    """ollama (the command) sends HEAD /, others look for these very words."""
    answer = native.request(method, "/")
    assert answer.status == 200
    assert answer.body == (b"Ollama is running" if method == "GET" else b"")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/version", None),
        ("HEAD", "/api/version", None),
        ("GET", "/api/tags", None),
        ("GET", "/api/ps", None),
        ("POST", "/api/show", {"model": "demo-tools"}),
        ("POST", "/api/show", {"model": "nobody"}),
        ("POST", "/api/chat", {"model": "demo", "messages": "no list"}),
        ("POST", "/api/chat", {**HELLO, "model": "demo-broken-busy"}),
        ("POST", "/api/embed", {"model": "demo", "input": 7}),
    ],
)
def test_answers_are_ollamas_byte_for_byte(
    native: Server, gateway: Gateway, method: str, path: str, body: Any
) -> None:
    """Status, type and body; errors, too."""

    def stable(answer: Answer) -> tuple[int, str, bytes]:
        return answer.status, answer.headers["content-type"], answer.body

    direct = Server(gateway.ollama).request(method, path, body)
    assert stable(native.request(method, path, body)) == stable(direct)


def test_a_stream(native: Server) -> None:
    """Ollama's API: lines of JSON, the last of them with done."""
    answer = native.request("POST", "/api/chat", HELLO)
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.body.splitlines()]
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]
    assert answer.complete


@pytest.mark.parametrize("path", MANAGING)
def test_managing_has_a_setting_of_its_own(native: Server, path: str) -> None:
    """A model is somebody's disk and network. 403 names what would allow it."""
    answer = native.request("POST", path, {"model": "demo-new"})
    assert (answer.status, list(answer.json)) == (403, ["error"])
    assert "MOCHI_OLLAMA_MANAGE" in answer.json["error"]


def test_a_pull(managing: Server) -> None:
    """Ollama's API: the statuses of a pull, the last of them success."""
    answer = managing.request("POST", "/api/pull", {"model": "demo-new"})
    statuses = [json.loads(line)["status"] for line in answer.body.splitlines()]
    assert (statuses[0], statuses[-1]) == ("pulling manifest", "success")
    assert managing.request("DELETE", "/api/delete", {"model": "demo-new"}).status == 200


def test_the_gateways_own_routes_stay(managing: Server) -> None:
    """/api/v1 is never Ollama's."""
    assert managing.get("/api/v1/health").json["ollama_connected"]
    assert managing.get("/api/v1/no").json["error"]["code"] == "NOT_FOUND"


def test_pages_are_kept_out(native: Server) -> None:
    """CVE-2024-28224: any page could reach Ollama by DNS rebinding; forms need no preflight."""
    assert native.get("/api/tags", {"Host": "evil.example"}).status == 403
    assert native.get("/api/tags", {"Origin": "https://evil.example"}).status == 403
    form: dict[str, str | None] = {"Content-Type": "text/plain"}
    assert native.request("POST", "/api/chat", HELLO, form).status == 415


def test_a_client_that_leaves_ends_the_work(standin: StandIn) -> None:
    """Ollama generates on as long as somebody listens."""
    with gateway_alone(standin.url, MOCHI_OLLAMA_PASSTHROUGH="true") as running:
        server = Server(running.root, "talk", timeout=10)
        with server.open("POST", "/api/chat", {**HELLO, "model": "talk"}) as live:
            assert live.begin() == 200
            assert live.line()
            assert standin.open == 1
        assert standin.wait_for(0, seconds=2)


def test_nobody_there(gateway: Gateway) -> None:
    """502 in Ollama's shape."""
    with gateway_alone("http://127.0.0.1:1", MOCHI_OLLAMA_PASSTHROUGH="true") as running:
        answer = Server(running.root, "demo").get("/api/tags")
        assert (answer.status, list(answer.json)) == (502, ["error"])
