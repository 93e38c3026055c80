"""What the settings become."""

import json
from pathlib import Path

import httpx
import msgspec

from adapters.simulator import Simulator
from extensions.agents.tests.folders import agent
from gateway.assembly import build, guard_rules
from gateway.config import Config
from gateway.http.origins import LOOPBACK_NAMES
from gateway.testing import live_server
from gateway.tests.asgi import HOST, call

SCRIBE = """\
---
description: Keeps notes.
model: writer
tool_policies: jot: never_confirm
---
You are a scribe.
"""

ALIASES = {"gpt-4o": "demo", "text-embedding-3-small": "demo-embed", "lost": "nowhere"}


def test_the_bound_address_is_an_allowed_host_unless_it_means_every_address() -> None:
    listed = Config(host="192.168.1.2", allowed_hosts=("box",))
    assert guard_rules(listed).allowed_hosts == (*LOOPBACK_NAMES, "192.168.1.2", "box")
    assert guard_rules(Config(host="0.0.0.0")).allowed_hosts == LOOPBACK_NAMES
    assert guard_rules(Config(host="::")).allowed_hosts == LOOPBACK_NAMES


async def test_the_password_of_ollama_is_not_shown() -> None:
    app = build(Config(ollama_host="http://me:secret@127.0.0.1:9"))
    answer = await call(app, path="/api/v1/health", headers=[HOST])
    assert json.loads(answer.body)["ollama_host"] == "http://127.0.0.1:9"


async def test_aliases_answer_under_their_own_names() -> None:
    async with (
        Simulator() as simulator,
        live_server(build(Config(ollama_host=simulator.url, aliases=ALIASES))) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
        chat = (await http.post("/v1/chat/completions", json=body)).json()
        assert (chat["model"], chat["choices"][0]["finish_reason"]) == ("gpt-4o", "stop")
        body = {"model": "text-embedding-3-small", "input": "Hello"}
        made = (await http.post("/v1/embeddings", json=body)).json()
        assert (made["model"], len(made["data"])) == ("text-embedding-3-small", 1)
        listed = (await http.get("/v1/models")).json()["data"]
        assert [model["id"] for model in listed][-2:] == ["gpt-4o", "text-embedding-3-small"]
        assert (await http.get("/v1/models/gpt-4o")).json()["capabilities"] == ["completion"]
        missing = (await http.get("/v1/models/lost")).json()["error"]
        assert missing["code"] == "model_not_found"


async def test_sessions_and_prompts_are_files_of_the_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with (
        Simulator() as simulator,
        live_server(build(Config(ollama_host=simulator.url, data_dir=data))) as url,
        httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False) as http,
    ):
        assert (await http.get("/sessions")).json() == {"sessions": []}
        assert (await http.get("/system-prompts")).json() == {"prompts": []}
        assert not data.exists()
        prompt = {"filename": "brief.md", "content": "Be brief."}
        assert (await http.post("/system-prompts", json=prompt)).status_code == 201
        body = {"model": "demo", "system_prompt_source_file": "brief.md"}
        made = await http.post("/sessions", json=body)
        assert made.status_code == 201
        id = made.json()["session_id"]
        kept = json.loads((data / "chat_sessions" / f"{id}.json").read_text("utf-8"))
        assert kept["messages"][0]["content"] == "Be brief."
        assert kept["metadata"]["context_window_config"]["last_adjustment"] == "initial_setup"
        assert (data / "system_prompts" / "brief.md").read_text("utf-8") == "Be brief."
        status = (await http.get(f"/sessions/{id}/status")).json()
        assert status["system_prompt_file"] == "brief.md"
        assert status["context_window"]["model_max_context"] > 2048
        names = [model["name"] for model in (await http.get("/models")).json()["models"]]
        assert "demo:latest" in names
        assert "demo-embed:latest" not in names
        assert (await http.delete(f"/sessions/{id}")).status_code == 204
        assert not (data / "chat_sessions" / f"{id}.json").exists()


async def test_the_switch_for_windows_by_need_is_shown(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, dynamic_context_window_enabled=False)
    async with (
        Simulator() as simulator,
        live_server(build(msgspec.structs.replace(config, ollama_host=simulator.url))) as url,
        httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False) as http,
    ):
        id = (await http.post("/sessions", json={"model": "demo"})).json()["session_id"]
        status = (await http.get(f"/sessions/{id}/status")).json()
        assert status["context_window"]["dynamic_enabled"] is False


async def test_agents_are_models_of_v1_and_of_nothing_else(tmp_path: Path) -> None:
    agent(tmp_path / "agents", skill=SCRIBE)
    aliases = {"writer": "demo-tools", "gpt-4o": "agent/scribe"}
    config = Config(data_dir=tmp_path, aliases=aliases, max_agent_iterations=1)
    async with (
        Simulator() as simulator,
        live_server(build(msgspec.structs.replace(config, ollama_host=simulator.url))) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
    ):
        listed = (await http.get("/v1/models")).json()["data"]
        assert [model["id"] for model in listed][-3:] == ["writer", "agent/scribe", "gpt-4o"]
        assert (await http.get("/v1/models/agent/scribe")).json()["capabilities"] == [
            "completion",
            "tools",
        ]
        body = {"model": "agent/scribe", "messages": [{"role": "user", "content": "Note it"}]}
        made = (await http.post("/v1/chat/completions", json=body)).json()
        assert made["model"] == "agent/scribe"
        message = made["choices"][0]["message"]
        assert "Tool result (jot): stored" in message["reasoning_content"]
        assert message["content"] == "Warning: stopped after 1 iterations."
        aliased = (await http.post("/v1/chat/completions", json={**body, "model": "gpt-4o"})).json()
        assert aliased["model"] == "gpt-4o"
        assert aliased["choices"][0]["message"]["content"] == message["content"]
        sent = [json.loads(each.body) for each in simulator.requests if each.path == "/api/chat"][
            :2
        ]
        assert [bool(each.get("tools")) for each in sent] == [False, True]
        assert {each["model"] for each in sent} == {"demo-tools"}
        made = await http.post("/api/v1/sessions", json={"model": "agent/scribe"})
        assert (made.status_code, made.json()["error"]["code"]) == (404, "MODEL_NOT_FOUND")
        names = [model["name"] for model in (await http.get("/api/v1/models")).json()["models"]]
        assert "agent/scribe" not in names


async def test_agents_need_not_be_models(tmp_path: Path) -> None:
    agent(tmp_path / "agents")
    config = Config(data_dir=tmp_path, agent_models=False, default_model="demo-tools")
    async with (
        Simulator() as simulator,
        live_server(build(msgspec.structs.replace(config, ollama_host=simulator.url))) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        listed = (await http.get("/v1/models")).json()["data"]
        assert not [model for model in listed if model["id"].startswith("agent/")]
        body = {"model": "agent/scribe", "messages": [{"role": "user", "content": "Note it"}]}
        missing = await http.post("/v1/chat/completions", json=body)
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")
