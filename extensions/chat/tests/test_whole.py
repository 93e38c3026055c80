"""Chat through everything there is: from the socket to a simulated Ollama, and into a file."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from adapters.simulator import Simulator
from gateway.assembly import build
from gateway.config import Config
from gateway.testing import live_server

PROMISED = 0.5
"""Seconds until Ollama is told that nobody listens any more."""


@asynccontextmanager
async def gateway(simulator: Simulator, folder: Path) -> AsyncGenerator[httpx.AsyncClient]:
    app = build(Config(ollama_host=simulator.url, data_dir=folder))
    async with (
        live_server(app) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as http,
    ):
        yield http


async def begun(http: httpx.AsyncClient, model: str = "demo") -> str:
    made = (await http.post("/api/v1/sessions", json={"model": model})).json()
    return str(made["session_id"])


def filed(folder: Path, id: str) -> Any:
    return msgspec.json.decode((folder / "chat_sessions" / f"{id}.json").read_bytes())


async def test_what_is_complete_is_in_the_file(tmp_path: Path) -> None:
    async with Simulator() as simulator, gateway(simulator, tmp_path) as http:
        id = await begun(http)
        path = f"/api/v1/chat/{id}/stream"
        async with http.stream("POST", path, json={"message": "Say hi"}) as response:
            async for line in response.aiter_lines():
                if line == "event: message_complete":
                    contents = [message["content"] for message in filed(tmp_path, id)["messages"]]
    assert contents == ["Say hi", "hi"]


async def test_a_client_that_leaves_ends_the_work_and_leaves_what_it_had(tmp_path: Path) -> None:
    async with Simulator(token_delay=0.02) as simulator, gateway(simulator, tmp_path) as http:
        id = await begun(http)
        path, body = f"/api/v1/chat/{id}/stream", {"message": "Count to 500"}
        async with http.stream("POST", path, json=body) as response:
            await anext(response.aiter_lines())
            assert simulator.active == 1
        async with asyncio.timeout(PROMISED):
            while simulator.active:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await http.post(f"/api/v1/chat/{id}", json={"message": "Say hi"})
    asked, partial, *rest = filed(tmp_path, id)["messages"]
    assert (asked["content"], partial["role"], partial["eval_count"]) == (
        "Count to 500",
        "assistant",
        None,
    )
    assert partial["content"]
    assert [message["content"] for message in rest] == ["Say hi", "hi"]


async def test_a_model_that_is_gone_and_an_ollama_that_is(tmp_path: Path) -> None:
    async with Simulator() as simulator, gateway(simulator, tmp_path) as http:
        id = await begun(http)
        file = tmp_path / "chat_sessions" / f"{id}.json"
        file.write_bytes(file.read_bytes().replace(b'"demo"', b'"nobody"'))
        gone = await http.post(f"/api/v1/chat/{id}", json={"message": "Hi"})
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "MODEL_NOT_FOUND")
    async with gateway(simulator, tmp_path) as http:
        away = await http.post(f"/api/v1/chat/{id}", json={"message": "Hello?"})
        assert (away.status_code, away.json()["error"]["code"]) == (502, "OLLAMA_UNREACHABLE")
    assert [message["content"] for message in filed(tmp_path, id)["messages"]] == ["Hi", "Hello?"]


async def test_a_session_that_is_deleted_at_any_moment_of_a_stream_stays_deleted(
    tmp_path: Path,
) -> None:
    async with Simulator(token_delay=0.002) as simulator, gateway(simulator, tmp_path) as http:
        for number in range(12):
            id = await begun(http)
            path, body = f"/api/v1/chat/{id}/stream", {"message": "Count to 20"}
            stream = asyncio.create_task(http.post(path, json=body))
            await asyncio.sleep(number * 0.004)
            assert (await http.delete(f"/api/v1/sessions/{id}")).status_code == 204
            answer = await stream
            if answer.status_code == 404:  # it was gone before the stream could open
                continue
            events = [line for line in answer.text.splitlines() if line.startswith("event: ")]
            assert events.count("event: done") == 1
            ends = ("event: error", "event: message_complete")
            assert (events[-2] in ends, events[-1]) == (True, "event: done")
            assert len(set(events).intersection(ends)) == 1
        assert not list((tmp_path / "chat_sessions").glob("*.json"))
