"""The whole wiring: from settings, folders and a tool host to a stream and files."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from extensions.agents.tests.folders import agent
from extensions.agents.tests.test_chats import colleagues
from extensions.agents.tests.working import Minds
from extensions.chat.tests.stream import Events, names
from extensions.tools.tests.packages import alive, eventually
from gateway.app import create_app
from gateway.assembly import agents_of, extensions, sessions_of, summaries_of
from gateway.config import Config
from gateway.core.metrics import Metrics
from gateway.http.guards import GuardRules
from gateway.testing import live_server

PID = """\
import os

def jot(text: str) -> str:
    "Note a text."
    return str(os.getpid())
"""


@asynccontextmanager
async def gateway(folder: Path) -> AsyncGenerator[httpx.AsyncClient, None]:
    backend = Minds(colleagues)
    config = Config(data_dir=folder)
    sessions = sessions_of(config)
    metrics = Metrics()
    summaries = summaries_of(config, backend, sessions, metrics)
    agents = agents_of(config, metrics)
    plugins = extensions(config, backend, agents, sessions, summaries, metrics)
    app = create_app(backend, extensions=plugins, guards=GuardRules())
    async with (
        live_server(app) as url,
        httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, timeout=10) as http,
    ):
        yield http


async def begun(http: httpx.AsyncClient, **settings: Any) -> str:
    made = await http.post("/sessions", json={"model": "demo", **settings})
    assert made.status_code == 201
    return str(made.json()["session_id"])


async def test_an_agent_works_and_its_process_ends_with_the_gateway(tmp_path: Path) -> None:
    agent(tmp_path / "agents", code=PID)
    async with gateway(tmp_path) as http:
        id = await begun(
            http,
            agent_settings={"enabled_agents": ["scribe"]},
            tool_settings={"execution_policy": "never_confirm"},
        )
        path = f"/chat/{id}/stream"
        async with http.stream("POST", path, json={"message": "scribe"}) as response:
            told = await Events(response).rest()
        pid = int(dict(told)["agent_tool_result"]["result"])
        assert alive(pid)
        status = (await http.get(f"/sessions/{id}/status")).json()
        assert (status["agents_enabled"], status["enabled_agents"]) == (True, ["scribe"])
        assert (status["tools_enabled"], status["active_tools"]) == (False, [])
        assert list((await http.get("/agents")).json()["agents"]) == ["scribe"]
    assert eventually(lambda: not alive(pid))
    assert names(told)[-2:] == ["message_complete", "done"]
    chat = dict(told)["agent_complete"]["session_id"]
    file = json.loads((tmp_path / "agents" / "agent_chats" / f"{chat}.json").read_text("utf-8"))
    assert [message["role"] for message in file["messages"]] == [
        "system",
        "user",
        "assistant",
        "assistant",
        "tool",
        "assistant",
    ]
    assert file["metadata"]["format_version"] == "1.3"
    assert [path.stem for path in (tmp_path / "chat_sessions").iterdir()] == [id]


async def test_a_gateway_without_agents(tmp_path: Path) -> None:
    async with gateway(tmp_path) as http:
        assert (await http.get("/agents")).json() == {"agents": {}}
        assert (await http.get("/agents/chats")).json() == {"sessions": []}
        assert (await http.post("/agents/reload")).json()["agents_count"] == 0
        id = await begun(http, agent_settings={"enabled_agents": ["scribe"]})
        answer = await http.get(f"/sessions/{id}")
        assert answer.json()["agent_settings"] == {"enabled_agents": ["scribe"]}
    assert not (tmp_path / "agents").exists()
