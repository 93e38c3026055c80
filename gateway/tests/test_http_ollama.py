"""Ollama's own routes through the gateway, by hand and with Ollama's own client."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import ollama
import pytest

from adapters.simulator import Simulator
from adapters.tests.misbehaving import Peer, Script, chunked, serving
from gateway.assembly import build
from gateway.config import Config
from gateway.testing import live_server

MANAGING = ("/api/pull", "/api/push", "/api/copy", "/api/create", "/api/blobs/sha256:" + 64 * "0")
MESSAGES = [{"role": "user", "content": "Hello"}]
HELLO = {"model": "demo", "messages": MESSAGES}


@asynccontextmanager
async def gateway(url: str, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    config = Config(**{"ollama_host": url, "ollama_passthrough": True, **settings})
    async with (
        live_server(build(config)) as root,
        httpx.AsyncClient(base_url=root, trust_env=False) as http,
    ):
        yield http


@asynccontextmanager
async def passing(**settings: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Simulator]]:
    async with Simulator() as simulator, gateway(simulator.url, **settings) as http:
        yield http, simulator


@asynccontextmanager
async def official(**settings: Any) -> AsyncIterator[ollama.AsyncClient]:
    async with passing(**settings) as (http, _):
        client = ollama.AsyncClient(host=str(http.base_url), trust_env=False)
        try:
            yield client
        finally:
            await client._client.aclose()


async def test_ollamas_client_lists_and_shows() -> None:
    async with official() as client:
        names = [model.model for model in (await client.list()).models]
        assert "demo-tools:latest" in names
        assert (await client.show("demo-tools")).capabilities == ["tools", "completion"]
        assert list((await client.ps()).models) == []
        with pytest.raises(ollama.ResponseError, match="not found") as caught:
            await client.show("nobody")
        assert caught.value.status_code == 404


async def test_ollamas_client_asks() -> None:
    async with official() as client:
        stream = await client.chat("demo", MESSAGES, stream=True)
        lines = [line async for line in stream]
        assert lines[-1].done
        whole = await client.chat("demo", MESSAGES)
        assert "".join(line.message.content or "" for line in lines) == whole.message.content
        assert (await client.generate("demo", "Hello")).done
        assert len((await client.embed("demo-embed", ["a", "b"])).embeddings) == 2
        assert (await client.embeddings("demo-embed", "a")).embedding


async def test_ollamas_client_pulls_where_it_may() -> None:
    async with official(ollama_manage=True) as client:
        statuses = [part.status async for part in await client.pull("demo-new", stream=True)]
        assert (statuses[0], statuses[-1]) == ("pulling manifest", "success")
        await client.copy("demo-new", "mine")
        await client.delete("mine")
        assert (await client.show("demo-new")).details


async def test_bytes_status_and_type_are_ollamas() -> None:
    async with passing() as (http, simulator), httpx.AsyncClient(trust_env=False) as direct:
        for method, path, body in [
            ("GET", "/api/version", None),
            ("HEAD", "/api/tags", None),
            ("POST", "/api/show", {"model": "nobody"}),
            ("POST", "/api/show", {"model": "demo-go"}),
            ("POST", "/api/chat", {"model": "demo", "messages": "no"}),
            ("POST", "/api/chat", {**HELLO, "model": "demo-broken-busy"}),
        ]:
            passed = await http.request(method, path, json=body)
            asked = await direct.request(method, simulator.url + path, json=body)
            assert (passed.status_code, passed.content) == (asked.status_code, asked.content)
            assert passed.headers["content-type"] == asked.headers["content-type"]


async def test_nothing_of_the_callers_headers_and_query_reaches_ollama() -> None:
    secret = {"Authorization": "Bearer s3cret", "Cookie": "s3cret=1", "X-Api-Key": "s3cret"}
    async with passing(api_key="s3cret") as (http, simulator):
        asked = await http.post("/api/show?s3cret=1", json={"model": "demo"}, headers=secret)
        assert asked.status_code == 200
        assert "s3cret" not in repr(list(simulator.requests))
        assert simulator.requests[-1].path == "/api/show"


@pytest.mark.parametrize("path", MANAGING)
async def test_managing_is_refused_by_the_name_of_its_setting(path: str) -> None:
    async with passing() as (http, simulator):
        answer = await http.post(path, json={"model": "demo-new"})
        assert (answer.status_code, list(answer.json())) == (403, ["error"])
        assert "MOCHI_OLLAMA_MANAGE" in answer.json()["error"]
        assert not simulator.requests


@pytest.mark.parametrize("path", ["/api/tags", "/api/chat", *MANAGING])
async def test_without_the_setting_there_is_nothing(path: str) -> None:
    async with passing(ollama_passthrough=False, ollama_manage=True) as (http, simulator):
        answer = await http.post(path, json={})
        assert (answer.status_code, list(answer.json())) == (404, ["error"])
        assert not simulator.requests
        assert (await http.get("/")).text == "mochi gateway is running.\n"


async def test_the_gateways_own_api_is_never_shadowed() -> None:
    async with passing(ollama_manage=True) as (http, simulator):
        assert (await http.get("/api/v1/health")).json()["ollama_connected"]
        missing = await http.get("/api/v1/tags")
        assert missing.json()["error"]["code"] == "NOT_FOUND"
        assert [request.path for request in simulator.requests] == ["/api/version"]


async def test_programs_that_probe_the_root_find_an_ollama() -> None:
    async with passing() as (http, _):
        for method, body in (("GET", "Ollama is running"), ("HEAD", "")):
            answer = await http.request(method, "/")
            assert (answer.status_code, answer.text) == (200, body)
        page = await http.get("/", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (307, "/docs")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", "/api/chat", "POST"), ("POST", "/api/tags", "GET, HEAD"), ("PUT", "/api/ps", "GET")],
)
async def test_other_methods_are_not_allowed(method: str, path: str, allow: str) -> None:
    async with passing() as (http, _):
        answer = await http.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allow)
        assert list(answer.json()) == ["error"]


async def test_the_guards_stand_before_it() -> None:
    async with passing() as (http, simulator):
        foreign = {"Origin": "http://evil.example"}
        assert (await http.get("/api/tags", headers=foreign)).status_code == 403
        assert (await http.get("/api/tags", headers={"Host": "evil.example"})).status_code == 403
        untyped = await http.post("/api/chat", content=json.dumps(HELLO))
        assert (untyped.status_code, list(untyped.json())) == (415, ["error"])
        assert not simulator.requests
    async with passing(api_key="k") as (http, _):
        assert (await http.get("/api/tags")).status_code == 401


async def test_bodies_may_hold_images_and_have_their_limit() -> None:
    async with passing(max_body_bytes=3_000_000) as (http, _):
        large = {**HELLO, "messages": [{"role": "user", "content": 2_000_000 * "x"}]}
        assert (await http.post("/api/chat", json=large)).status_code != 413
        more = {**large, "options": {"stop": 1_500_000 * "x"}}
        refused = await http.post("/api/chat", json=more)
        assert (refused.status_code, list(refused.json())) == (413, ["error"])


@pytest.mark.parametrize("digest", ["x", "sha256:0", "..", "sha256:" + 63 * "0" + "%3F"])
async def test_what_is_no_digest_goes_nowhere(digest: str) -> None:
    async with passing(ollama_manage=True) as (http, simulator):
        url = f"{str(http.base_url).rstrip('/')}/api/blobs/{digest}"
        answer = await http.head(httpx.URL(url))
        assert answer.status_code in (400, 404)
        assert not simulator.requests


async def test_blobs_can_be_asked_for() -> None:
    async with passing(ollama_manage=True) as (http, simulator):
        assert (await http.head("/api/blobs/sha256:" + 64 * "0")).status_code == 404
        assert simulator.requests[-1].path == "/api/blobs/sha256:" + 64 * "0"


async def test_no_ollama_is_told_in_its_own_shape() -> None:
    async with gateway("http://127.0.0.1:9") as http:
        answer = await http.get("/api/tags")
        assert answer.status_code == 502
        assert answer.json()["error"].startswith("Ollama cannot be reached")


async def test_a_silent_ollama_is_told_in_its_own_shape() -> None:
    async def script(peer: Peer) -> None:
        await peer.left()

    async with (
        serving(script) as server,
        gateway(server.url, upstream_first_byte_timeout_seconds=0.1) as http,
    ):
        answer = await http.post("/api/chat", json=HELLO)
        assert (answer.status_code, list(answer.json())) == (504, ["error"])


async def cuts_off(peer: Peer) -> None:
    await peer.request()
    await peer.send(chunked(b'{"done":false}\n', end=b""))


async def falls_silent(peer: Peer) -> None:
    await cuts_off(peer)
    await peer.left()


@pytest.mark.parametrize("script", [cuts_off, falls_silent])
async def test_an_answer_that_is_cut_looks_cut(script: Script) -> None:
    async with (
        serving(script) as server,
        gateway(server.url, upstream_read_timeout_seconds=0.1) as http,
        http.stream("POST", "/api/chat", json=HELLO) as answer,
    ):
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            async for _ in answer.aiter_raw():
                pass


async def idle(simulator: Simulator) -> None:
    async with asyncio.timeout(5):
        while simulator.active:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_client_that_leaves_in_the_middle_ends_the_work_at_ollama() -> None:
    body = {**HELLO, "model": "demo-slow", "options": {"num_predict": 1000}}
    async with passing() as (http, simulator):
        async with http.stream("POST", "/api/chat", json=body) as answer:
            assert json.loads(await anext(answer.aiter_lines()))["done"] is False
            assert simulator.active == 1
        await idle(simulator)
        assert simulator.cancelled == 1


async def test_a_client_that_leaves_before_the_answer_ends_the_work_at_ollama() -> None:
    body = {**HELLO, "model": "demo-broken-pause-60"}
    async with passing() as (http, simulator):
        asking = asyncio.create_task(http.post("/api/chat", json=body))
        while not simulator.active:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        asking.cancel()
        await idle(simulator)


async def test_a_slow_reader_holds_ollama_back() -> None:
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(chunked(end=b""))
        while True:
            await peer.send(b"10000\r\n" + 0x10000 * b"x" + b"\r\n")
            sent += 0x10000

    async with (
        serving(script) as server,
        gateway(server.url) as http,
        http.stream("POST", "/api/chat", json=HELLO),
    ):
        before = -1
        async with asyncio.timeout(10):
            while sent != before:
                before = sent
                await asyncio.sleep(0.3)
        assert sent < 64 * 1024 * 1024


async def test_it_is_in_the_document() -> None:
    async with passing() as (http, _):
        paths = (await http.get("/schema/openapi.json")).json()["paths"]
        assert {"/api/chat", "/api/tags", "/api/v1/health"} <= paths.keys()
        assert "/api/pull" not in paths
    async with passing(ollama_manage=True) as (http, _):
        paths = (await http.get("/schema/openapi.json")).json()["paths"]
        assert paths["/api/delete"].keys() == {"delete"}
        assert "/api/blobs/{digest}" in paths
