"""Pulling a model: Ollama's words, and everything that can go wrong on the way."""

import json
from asyncio import to_thread
from typing import Any

import httpx
import pytest
import respx

from adapters.ollama.library import PullStep, pull
from adapters.simulator import Simulator
from gateway.core.errors import (
    BackendFailed,
    BackendTimeout,
    BackendUnreachable,
    MochiError,
    NotFound,
)

URL = "http://127.0.0.1:9"
DISK = "write /models/blobs/sha256-aa-partial: no space left on device"


def lines(*parts: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(part).encode() + b"\n" for part in parts)


def answered(*parts: dict[str, Any], status: int = 200) -> list[PullStep]:
    with respx.mock(base_url=URL) as mock:
        mock.post("/api/pull").respond(status, content=lines(*parts))
        return list(pull(URL, "demo"))


def test_the_steps_are_ollamas() -> None:
    assert answered(
        {"status": "pulling manifest"},
        {"status": "pulling aa", "digest": "sha256:aa", "total": 10},
        {"status": "pulling aa", "digest": "sha256:aa", "total": 10, "completed": 10},
        {"status": "wri\x1b[2Jting\nmanifest"},
        {"status": "success"},
    ) == [
        PullStep("pulling manifest"),
        PullStep("pulling aa", "sha256:aa", 10),
        PullStep("pulling aa", "sha256:aa", 10, 10),
        PullStep("wri [2Jting manifest"),
        PullStep("success"),
    ]


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        ("pull model manifest: file does not exist", NotFound, "has no model 'demo'"),
        ("invalid model name", NotFound, "'demo' cannot be the name of a model"),
        (DISK, BackendFailed, r"disk that Ollama .* is full \(write /models"),
        ("max retries\x1b[2J exceeded", BackendFailed, r"Ollama reported: max retries \[2J"),
    ],
)
def test_errors_are_told_in_the_answer_and_in_the_middle_of_it(
    error: object, kind: type[MochiError], says: str, status: int
) -> None:
    before = [{"status": "pulling manifest"}] if status == 200 else []
    with pytest.raises(kind, match=says):
        answered(*before, {"error": error}, status=status)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]\n", b'{"status":7}\n', lines({"status": "pulling manifest"})]
)
def test_an_answer_that_is_none_is_no_success(body: bytes) -> None:
    with respx.mock(base_url=URL) as mock:
        mock.post("/api/pull").respond(content=body)
        with pytest.raises(BackendFailed):
            list(pull(URL, "demo"))


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (httpx.ConnectError, BackendUnreachable),
        (httpx.ConnectTimeout, BackendUnreachable),
        (httpx.ReadTimeout, BackendTimeout),
        (httpx.ReadError, BackendFailed),
        (httpx.RemoteProtocolError, BackendFailed),
    ],
)
def test_trouble_on_the_way(trouble: type[httpx.TransportError], kind: type[MochiError]) -> None:
    with respx.mock(base_url=URL) as mock:
        mock.post("/api/pull").mock(side_effect=trouble)
        with pytest.raises(kind, match="Ollama"):
            list(pull(URL, "demo"))


def test_what_has_no_such_route_is_no_ollama() -> None:
    with respx.mock(base_url=URL) as mock:
        mock.post("/api/pull").respond(404, text="404 page not found")
        with pytest.raises(BackendFailed, match="no Ollama"):
            list(pull(URL, "demo"))


@pytest.mark.parametrize(
    ("url", "sent"),
    [(URL, None), ("http://me:secret@127.0.0.1:9", "Basic bWU6c2VjcmV0")],
    ids=["none", "of the URL"],
)
def test_no_other_credentials_are_sent_than_those_of_the_url(
    url: str, sent: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "key")
    monkeypatch.setenv("OLLAMA_HOST", "http://elsewhere.example")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")
    with respx.mock(base_url=URL) as mock:
        route = mock.post("/api/pull").respond(content=lines({"status": "success"}))
        list(pull(url, "demo"))
    assert route.calls.last.request.headers.get("authorization") == sent


async def test_a_pull_that_was_left_goes_on_where_it_was() -> None:
    def begun(url: str) -> PullStep:
        steps = pull(url, "demo-new")
        step = next(step for step in steps if step.completed)
        steps.close()
        return step

    async with Simulator(token_delay=0.01) as simulator:
        first = await to_thread(begun, simulator.url)
        assert first.completed < first.total
        steps = await to_thread(lambda: list(pull(simulator.url, "demo-new")))
    again = next(step for step in steps if step.layer)
    assert (again.layer, again.completed >= first.completed) == (first.layer, True)
    assert [step.status for step in steps if not step.layer] == [
        "pulling manifest",
        "verifying sha256 digest",
        "writing manifest",
        "success",
    ]
