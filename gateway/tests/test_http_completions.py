"""`POST /v1/completions`, over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from adapters.ollama.backend import OllamaBackend
from adapters.simulator import Simulator
from adapters.upstream.client import UpstreamClient
from gateway.app import create_app
from gateway.core.errors import BackendFailed
from gateway.core.events import ChatEvent, Finished, TextDelta, Usage
from gateway.http.guards import GuardRules
from gateway.http.openai.hot import Rules
from gateway.testing import ScriptedBackend, live_server

ANSWER: list[ChatEvent] = [TextDelta(" upon"), Finished("stop", Usage(1, 1))]
ASKED = {"model": "demo", "prompt": "Once"}


async def ask(
    backend: ScriptedBackend, rules: Rules | None = None, **fields: Any
) -> httpx.Response:
    app = create_app(backend, guards=GuardRules(), rules=rules)
    async with live_server(app) as url, client(url) as http:
        return await http.post("/v1/completions", json={**ASKED, **fields})


def client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, trust_env=False)


async def test_a_whole_answer() -> None:
    backend = ScriptedBackend(ANSWER)
    response = await ask(backend, user="me", model="demo:latest")
    answer = response.json()
    assert (answer["object"], answer["model"]) == ("text_completion", "demo:latest")
    assert answer["id"].startswith("cmpl-")
    assert answer["choices"][0]["text"] == " upon"
    assert response.headers["x-mochi-ignored"] == "user"
    assert backend.completions[0].prompt == "Once"


async def test_a_stream_ends_with_done() -> None:
    response = await ask(ScriptedBackend(ANSWER), stream=True, prompt=["a", "b"], n=2)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.text.count('"finish_reason":"stop"') == 4
    assert response.text.startswith("data: {")
    assert '"choices":[{"index":0,' in response.text.partition("\n")[0]
    assert response.text.endswith("data: [DONE]\n\n")


async def test_each_prompt_is_asked_as_often_as_choices_are_wanted() -> None:
    backend = ScriptedBackend(ANSWER)
    answer = (await ask(backend, prompt=["a", "b"], n=2, echo=True)).json()
    texts = [(choice["index"], choice["text"]) for choice in answer["choices"]]
    assert texts == [(0, "a upon"), (1, "a upon"), (2, "b upon"), (3, "b upon")]
    assert answer["usage"]["prompt_tokens"] == 2
    assert answer["usage"]["completion_tokens"] == 4


@pytest.mark.parametrize("stream", [False, True])
async def test_the_model_is_not_asked_for_no_token(stream: bool) -> None:
    backend = ScriptedBackend(ANSWER)
    response = await ask(backend, max_tokens=0, echo=True, stream=stream)
    assert response.status_code == 200
    assert '"Once"' in response.text
    assert '"finish_reason":"length"' in response.text
    assert backend.completions == []
    unknown = await ask(backend, max_tokens=0, model="nobody", stream=stream)
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(
    ("needs_them", "fields"),
    [
        ("logprobs", {"logprobs": 0}),
        ("logprobs", {"logprobs": 1, "stream": True}),
        ("best_of", {"best_of": 2}),
    ],
)
async def test_logprobs_that_ollama_does_not_give_are_refused(
    needs_them: str, fields: dict[str, Any]
) -> None:
    response = await ask(ScriptedBackend(ANSWER), **fields)
    assert (response.status_code, response.json()["error"]["param"]) == (400, needs_them)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failure_of_one_is_the_failure_of_all(stream: bool) -> None:
    response = await ask(ScriptedBackend(BackendFailed("Broke.")), stream=stream, n=3)
    assert (response.status_code, response.json()["error"]["code"]) == (502, "upstream_error")


async def test_the_operator_says_how_many() -> None:
    response = await ask(ScriptedBackend(ANSWER), Rules(max_n=2), n=3)
    assert (response.status_code, response.json()["error"]["param"]) == (400, "n")


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_ends_every_choice(stream: bool) -> None:
    body = {"model": "demo-slow", "prompt": ["Tell me a story", "Count to 500"], "n": 2}
    async with Simulator() as simulator:
        app = create_app(OllamaBackend(UpstreamClient(simulator.url)), guards=GuardRules())
        async with live_server(app) as url, client(url) as http:
            asking = asyncio.create_task(
                first_line(http, {**body, "max_tokens": 500, "stream": stream})
            )
            await until(lambda: simulator.active == 4)
            if stream:
                assert (await asking).startswith("data: ")
            asking.cancel()
            await until(lambda: simulator.active == 0)
            assert simulator.cancelled == 4


async def first_line(http: httpx.AsyncClient, body: dict[str, Any]) -> str:
    """Ask, read one line, and hang up."""
    async with http.stream("POST", "/v1/completions", json=body) as response:
        return await anext(response.aiter_lines())


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the other side has no event to wait for
            await asyncio.sleep(0.002)
