"""`/metrics` of the whole gateway: each counter moves when it should."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from adapters.simulator.server import Simulator
from gateway import __version__, assembly
from gateway.config import Config
from gateway.testing import live_server
from gateway.tests.scraping import Scrape, scraped

CHAT = "/v1/chat/completions"
HELLO: dict[str, Any] = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}]}


@asynccontextmanager
async def gateway(folder: Path, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with Simulator() as simulator:
        config = Config(
            ollama_host=simulator.url,
            data_dir=folder,
            summarization_enabled=False,
            **settings,
        )
        async with (
            live_server(assembly.build(config)) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as http,
        ):
            yield http


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway(tmp_path) as http:
        yield http


async def test_a_chat(http: httpx.AsyncClient) -> None:
    before = await scraped(http)
    answer = await http.post(CHAT, json=HELLO)
    after = await scraped(http)
    usage = answer.json()["usage"]
    asked = {"route": CHAT, "method": "POST", "status": "200"}
    assert before.value("mochi_requests_total", **asked) == 0
    assert after.value("mochi_requests_total", **asked) == 1
    assert after.value("mochi_request_duration_seconds_count", route=CHAT) == 1
    assert 0 < after.value("mochi_request_duration_seconds_sum", route=CHAT) < 5
    model = {"model": "demo:latest"}
    assert after.value("mochi_prompt_tokens_total", **model) == usage["prompt_tokens"]
    assert after.value("mochi_completion_tokens_total", **model) == usage["completion_tokens"]
    assert after.value("mochi_time_to_first_token_seconds_count", **model) == 1
    assert after.value("mochi_time_per_output_token_seconds_count", **model) == 1
    for phase in ("load", "prompt", "generation"):
        assert after.value("mochi_upstream_seconds_total", phase=phase) > 0
    assert after.value("mochi_upstream_connections_opened_total") >= 1
    assert after.value("mochi_upstream_connections", state="idle") >= 1
    assert after.value("mochi_build_info", version=__version__) == 1


async def test_a_scrape_is_itself_in_flight(http: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await scraped(http)).value("mochi_requests_in_flight") == 1
    assert (await scraped(http)).value("mochi_requests_total", route="/metrics") == 2


async def test_streams(http: httpx.AsyncClient) -> None:
    slow = {**HELLO, "model": "demo-slow", "stream": True}
    async with http.stream("POST", CHAT, json=slow) as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        assert (await scraped(http)).value("mochi_streams_open") == 1
    await until(http, "mochi_streams_total", 1, ending="left")
    for model, status in (("demo", 200), ("demo-broken-no-done", 200), ("unheard-of", 404)):
        answer = await http.post(CHAT, json={**HELLO, "model": model, "stream": True})
        assert answer.status_code == status
    after = await scraped(http)
    assert after.value("mochi_streams_open") == 0
    assert after.value("mochi_streams_total", ending="complete") == 1
    assert after.value("mochi_streams_total", ending="failed") == 1
    assert after.value("mochi_streams_total") == 3
    assert after.value("mochi_errors_total", code="OLLAMA_ERROR") == 1
    assert after.value("mochi_errors_total") == 2


async def until(http: httpx.AsyncClient, name: str, value: float, **labels: str) -> Scrape:
    for _ in range(100):
        if (seen := await scraped(http)).value(name, **labels) == value:
            return seen
    raise AssertionError(f"{name} does not come to {value}:\n{seen.text}")


async def test_errors_and_paths_that_nobody_knows(http: httpx.AsyncClient) -> None:
    for path in ("/v1/no", "/wp-login.php", "/api/v1/sessions/0123456789"):
        await http.get(path)
    await http.post(CHAT, json={**HELLO, "model": "unheard-of"})
    await http.post(CHAT, json={**HELLO, "model": "unheard-of"}, headers={"host": "evil.example"})
    after = await scraped(http)
    unknown = {"route": "other", "method": "GET", "status": "404"}
    assert after.value("mochi_requests_total", **unknown) == 2
    session = "/api/v1/sessions/{session_id}"
    assert after.value("mochi_requests_total", route=session, status="404") == 1
    assert after.value("mochi_errors_total", code="MODEL_NOT_FOUND") == 1
    assert after.value("mochi_errors_total", code="HOST_REFUSED") == 1
    assert after.value("mochi_errors_total", code="SESSION_NOT_FOUND") == 1
    for secret in ("unheard-of", "wp-login", "0123456789"):
        assert secret not in after.text


async def test_notes(http: httpx.AsyncClient) -> None:
    odd = {**HELLO, "user": "me", "sk-secret": 1, "n": 2}
    assert (await http.post(CHAT, json=odd)).headers["x-mochi-ignored"] == "user, sk-secret"
    after = await scraped(http)
    assert after.value("mochi_ignored_fields_total", field="user") == 1
    assert after.value("mochi_ignored_fields_total", field="other") == 1
    assert "sk-secret" not in after.text
    assert after.value("mochi_time_to_first_token_seconds_count") == 2


async def test_embeddings(http: httpx.AsyncClient) -> None:
    asked = {"model": "demo-embed", "input": "text"}
    usage = (await http.post("/v1/embeddings", json=asked)).json()["usage"]
    after = await scraped(http)
    model = {"model": "demo-embed:latest"}
    assert after.value("mochi_prompt_tokens_total", **model) == usage["prompt_tokens"]
    assert after.value("mochi_time_to_first_token_seconds_count", **model) == 0


async def test_responses(http: httpx.AsyncClient) -> None:
    asked = {"model": "demo", "input": "Hello"}
    await http.post("/v1/responses", json=asked)
    await http.post("/v1/responses", json={**asked, "store": False})
    slow = {**asked, "model": "demo-slow", "background": True}
    id = (await http.post("/v1/responses", json=slow)).json()["id"]
    during = await scraped(http)
    assert during.value("mochi_responses_stored_total") == 1
    assert during.value("mochi_responses_running") == 1
    await http.post(f"/v1/responses/{id}/cancel")
    after = await until(http, "mochi_responses_running", 0)
    assert after.value("mochi_responses_stored_total") == 2
    cancel = "/v1/responses/{id}/cancel"
    assert after.value("mochi_requests_total", route=cancel, status="200") == 1


async def test_a_full_queue(tmp_path: Path) -> None:
    async with gateway(tmp_path, queue_limit=1) as http:
        answers = await asyncio.gather(*(http.post(CHAT, json=HELLO) for _ in range(40)))
        refused = [answer.status_code for answer in answers].count(503)
        after = await scraped(http)
        assert after.value("mochi_queue_refused_total") == refused
        assert refused > 0
        assert after.value("mochi_queue_waiting") == 0


async def test_both_forms(http: httpx.AsyncClient) -> None:
    await http.post(CHAT, json=HELLO)
    plain = await http.get("/metrics", headers={"accept": "text/plain"})
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
    answer = await http.get("/metrics", headers={"accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    told = text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
    for accept in ("application/openmetrics-text;q=0.1, text/plain", "*/*", "image/png"):
        other = await http.get("/metrics", headers={"accept": accept})
        assert other.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = {family.name for family in told}
    assert all(name.startswith("mochi_") for name in names)
    assert names >= Scrape(plain.text).families.keys() - {"mochi_build_info"}


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
async def test_prometheus_own_tool_finds_nothing_wrong(http: httpx.AsyncClient) -> None:
    for body in (HELLO, {**HELLO, "stream": True, "user": "me"}, {}):
        await http.post(CHAT, json=body)
    assert complaints((await scraped(http)).text) == ""


def complaints(text: str) -> str:
    """What promtool has to say about metrics; nothing, if all is well."""
    promtool = ["promtool", "check", "metrics"]
    checked = subprocess.run(promtool, input=text, capture_output=True, text=True, check=False)
    return checked.stdout + checked.stderr


async def test_it_can_be_switched_off(tmp_path: Path) -> None:
    async with gateway(tmp_path, metrics=False) as http:
        assert (await http.get("/metrics")).status_code == 404


async def test_with_a_key_it_needs_it(tmp_path: Path) -> None:
    async with gateway(tmp_path, api_key="sk-1") as http:
        assert (await http.get("/metrics")).status_code == 401
        keyed = {"authorization": "Bearer sk-1"}
        answer = await http.get("/metrics", headers=keyed)
        assert (answer.status_code, "sk-1" in answer.text) == (200, False)
        refused = {"route": "other", "method": "GET", "status": "401"}
        assert Scrape(answer.text).value("mochi_requests_total", **refused) == 1
