"""The routes of `/v1`, over HTTP."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import assembly
from gateway.app import create_app
from gateway.config import Config
from gateway.core.errors import BackendFailed
from gateway.core.events import ChatEvent, Finished, TextDelta, Usage
from gateway.http.guards import GuardRules
from gateway.http.openai.hot import Rules
from gateway.http.request_log import Seen, json_line
from gateway.testing import ScriptedBackend, live_server

ANSWER: list[ChatEvent] = [TextDelta("Hi"), Finished("stop", Usage(3, 2))]
ASKED = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}]}


async def ask(backend: ScriptedBackend, **fields: Any) -> httpx.Response:
    async with live_server(create_app(backend, guards=GuardRules())) as url, client(url) as http:
        return await http.post("/v1/chat/completions", json={**ASKED, **fields})


def client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, trust_env=False)


async def test_a_whole_answer_under_the_name_that_was_asked() -> None:
    answer = (await ask(ScriptedBackend(ANSWER), model="demo:latest")).json()
    assert answer["model"] == "demo:latest"
    assert answer["choices"][0]["message"]["content"] == "Hi"
    assert answer["usage"]["total_tokens"] == 5


async def test_a_stream_has_headers_that_keep_proxies_from_holding_it_back() -> None:
    response = await ask(ScriptedBackend(ANSWER), stream=True)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    assert response.text.endswith("data: [DONE]\n\n")


async def test_a_failure_before_the_first_token_has_its_status() -> None:
    response = await ask(ScriptedBackend(BackendFailed("Broke.")), stream=True)
    assert (response.status_code, response.json()["error"]["code"]) == (502, "upstream_error")


@pytest.mark.parametrize(
    ("capabilities", "thinking", "ignored"),
    [
        (("completion",), None, "reasoning_effort"),
        (("completion", "thinking"), "high", None),
        (None, "high", None),
    ],
    ids=["cannot", "can", "unknown"],
)
async def test_an_effort_goes_to_models_that_can_make_one(
    capabilities: tuple[str, ...] | None, thinking: str | None, ignored: str | None
) -> None:
    backend = ScriptedBackend(ANSWER, capabilities=capabilities)
    response = await ask(backend, reasoning_effort="high")
    assert backend.requests[0].thinking == thinking
    assert response.headers.get("x-mochi-ignored") == ignored


async def test_more_answers_than_allowed_are_refused_and_not_queued() -> None:
    app = create_app(ScriptedBackend(0.5, ANSWER), guards=GuardRules(), rules=Rules(max_open=1))
    async with live_server(app) as url, client(url) as http:
        first = asyncio.create_task(http.post("/v1/chat/completions", json=ASKED))
        await asyncio.sleep(0.1)
        second = await http.post("/v1/chat/completions", json=ASKED)
        assert (second.status_code, second.headers["retry-after"]) == (503, "1")
        assert (await first).status_code == 200
        assert (await http.post("/v1/chat/completions", json=ASKED)).status_code == 200


async def test_a_client_that_leaves_ends_the_work_upstream() -> None:
    backend = ScriptedBackend([TextDelta("Hi")], 30.0)
    async with live_server(create_app(backend, guards=GuardRules())) as url, client(url) as http:
        body = {**ASKED, "stream": True}
        async with http.stream("POST", "/v1/chat/completions", json=body) as response:
            await anext(response.aiter_lines())
        async with asyncio.timeout(1):
            await backend.left.wait()


async def test_models_are_listed_and_found_by_their_shortest_names() -> None:
    backend = ScriptedBackend(models=("demo:latest", "hf.co/someone/Model:q4"))
    async with live_server(create_app(backend, guards=GuardRules())) as url, client(url) as http:
        listed = (await http.get("/v1/models")).json()
        assert [(model["id"], model["owned_by"]) for model in listed["data"]] == [
            ("demo", "library"),
            ("hf.co/someone/Model:q4", "someone"),
        ]
        for name in ("demo", "Demo:latest", "hf.co/someone/model:q4", "hf.co%2Fsomeone%2FModel:q4"):
            found = await http.get(f"/v1/models/{name}")
            assert found.json()["id"] == name.replace("%2F", "/")
        missing = await http.get("/v1/models/nobody")
        assert (missing.status_code, missing.json()["error"]["param"]) == (404, "model")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_methods_are_not_allowed(method: str) -> None:
    app = create_app(ScriptedBackend(), guards=GuardRules())
    async with live_server(app) as url, client(url) as http:
        response = await http.request(method, "/v1/chat/completions")
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


SESSION = {"x-mochi-session": "0f1e2d3c4b"}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/v1/chat/completions", {"messages": ASKED["messages"]}),
        ("/v1/completions", {"prompt": "Hello"}),
        ("/v1/embeddings", {"input": "Hello"}),
    ],
)
async def test_a_session_that_cannot_be_joined_is_named(path: str, fields: dict[str, Any]) -> None:
    body = {"model": "demo", **fields}
    app = create_app(ScriptedBackend(ANSWER), guards=GuardRules())
    async with live_server(app) as url, client(url) as http:
        answer = await http.post(path, json=body, headers=SESSION)
        assert (answer.status_code, answer.headers["x-mochi-ignored"]) == (200, "x-mochi-session")
        assert "x-mochi-ignored" not in (await http.post(path, json=body)).headers
    app = create_app(ScriptedBackend(ANSWER), guards=GuardRules(), rules=Rules(strict=True))
    async with live_server(app) as url, client(url) as http:
        answer = await http.post(path, json=body, headers=SESSION)
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "x-mochi-session"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", ASKED),
        ("/v1/completions", {"model": "demo", "prompt": "Hello"}),
        ("/v1/embeddings", {"model": "demo", "input": "Hello"}),
        ("/v1/responses", {"model": "demo", "input": "Hello"}),
    ],
)
async def test_the_log_names_the_model_of_a_request_that_failed(
    path: str,
    body: dict[str, Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("INFO", "mochi.access")
    told: list[Seen] = []
    monkeypatch.setattr(assembly, "request_log", lambda: told.append)
    app = assembly.build(Config(ollama_host="http://127.0.0.1:1", data_dir=tmp_path))
    async with live_server(app) as url, client(url) as http:
        assert (await http.post(path, json=body)).status_code == 502
    [seen] = told
    line = json.loads(json_line(seen))
    assert (line["model"], line["error"]) == ("demo", "OLLAMA_UNREACHABLE")
