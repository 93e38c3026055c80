"""A tool from a simulated Ollama that calls it, past a person who is asked, into a file and back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from msgspec import Raw

from adapters.simulator import Simulator
from extensions.chat.routes import ChatExtension
from extensions.chat.service import Chats
from extensions.chat.tests.stream import Events, names
from extensions.confirmation.routes import ConfirmationExtension
from extensions.confirmation.service import Confirmations
from extensions.context.window import first_window
from extensions.prompts.store import PromptFiles
from extensions.sessions.json_store import JSONSessionStore
from extensions.sessions.routes import SessionsExtension
from extensions.sessions.service import Sessions
from extensions.tests.toolbox import AsyncTool, Box
from gateway.app import create_app
from gateway.assembly import ollama
from gateway.config import Config
from gateway.core.metrics import Metrics
from gateway.http.guards import GuardRules
from gateway.testing import live_server

SCHEMA = Raw(
    b'{"type":"object","required":["zone"],"properties":{"zone":{"type":"string"},'
    b'"seconds":{"type":"boolean"}}}'
)
ASKED = {"message": "What does the clock of the zone `UTC` say?"}
ANSWER = "I looked it up: `read_clock` returned: 12:00"


async def clock(zone: str, seconds: bool = False) -> str:
    return "12:00"


@asynccontextmanager
async def gateway(simulator: Simulator, folder: Path, *tools: AsyncTool) -> AsyncGenerator[Any]:
    backend = ollama(Config(ollama_host=simulator.url), Metrics())
    sessions, confirmations = Sessions(JSONSessionStore(folder)), Confirmations()
    chats = Chats(sessions, backend, toolbox=Box(*tools), confirmations=confirmations)
    app = create_app(
        backend,
        extensions=[
            SessionsExtension(sessions, backend, PromptFiles(folder), first_window),
            ChatExtension(chats),
            ConfirmationExtension(confirmations),
        ],
        guards=GuardRules(),
    )
    async with (
        live_server(app) as url,
        httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, timeout=10) as http,
    ):
        yield http


async def begun(http: httpx.AsyncClient, **settings: Any) -> str:
    made = await http.post("/sessions", json={"model": "demo-tools", "tool_settings": settings})
    return str(made.json()["session_id"])


async def test_a_call_of_a_model_runs_when_a_person_approves(tmp_path: Path) -> None:
    tool = AsyncTool("read_clock", clock, SCHEMA)
    async with Simulator() as simulator:
        async with gateway(simulator, tmp_path, tool) as http:
            id = await begun(http, tools=["read_clock"])
            async with http.stream("POST", f"/chat/{id}/stream", json=ASKED) as response:
                events = Events(response)
                question = await events.until("tool_call_confirmation_required")
                body = {"confirmation_id": question["confirmation_id"], "approved": True}
                taken = await http.post(f"/chat/{id}/confirm-tool", json=body)
                assert taken.json()["tool_name"] == "read_clock"
                seen = await events.rest()
        assert names(seen)[-2:] == ["message_complete", "done"]
        assert tool.ran == [question["arguments"]]
        *_, result, reply = kept(tmp_path, id)
        assert (result["role"], result["tool_name"], result["content"]) == (
            "tool",
            "read_clock",
            "12:00",
        )
        assert reply["content"] == ANSWER
        async with gateway(simulator, tmp_path, tool) as http:
            again = await http.post(f"/chat/{id}", json=ASKED)
            assert (again.status_code, again.json()["error"]["code"]) == (
                403,
                "TOOL_EXECUTION_DENIED",
            )
        assert [message["role"] for message in kept(tmp_path, id)[4:]] == ["user"]


async def test_a_whole_answer_with_a_tool_that_nobody_confirms(tmp_path: Path) -> None:
    tool = AsyncTool("read_clock", clock, SCHEMA)
    async with Simulator() as simulator, gateway(simulator, tmp_path, tool) as http:
        id = await begun(http, tools=["read_clock"], execution_policy="never_confirm")
        answer = (await http.post(f"/chat/{id}", json=ASKED)).json()
        assert answer["message"]["content"] == ANSWER
        [call] = answer["tool_calls_executed"]
        assert (call["name"], call["success"], call["arguments"]) == (
            "read_clock",
            True,
            tool.ran[0],
        )
        shown = (await http.get(f"/sessions/{id}/messages")).json()["messages"]
        [function] = [each["function"] for each in shown[1]["tool_calls"]]
        assert function == {"name": "read_clock", "arguments": tool.ran[0]}


async def test_a_change_of_policy_waits_for_the_end_of_the_answer(tmp_path: Path) -> None:
    """Nothing switches off a question that is open, or the next one of the same answer."""
    tool = AsyncTool("read_clock", clock, SCHEMA)
    async with Simulator() as simulator, gateway(simulator, tmp_path, tool) as http:
        id = await begun(http, tools=["read_clock"])
        twice = {"message": "What do the two clocks of `UTC` and `CET` say?"}
        async with http.stream("POST", f"/chat/{id}/stream", json=twice) as response:
            events = Events(response)
            question = await events.until("tool_call_confirmation_required")
            freely = {"tools": ["read_clock"], "execution_policy": "never_confirm"}
            patch = {"tool_settings": freely}
            patching = asyncio.create_task(http.patch(f"/sessions/{id}", json=patch))
            await asyncio.sleep(0.05)
            body = {"confirmation_id": question["confirmation_id"], "approved": False}
            await http.post(f"/chat/{id}/confirm-tool", json=body)
            question = await events.until("tool_call_confirmation_required")
            assert not patching.done()
        assert (await patching).status_code == 200
        assert tool.ran == []


def kept(folder: Path, id: str) -> Any:
    return msgspec.json.decode((folder / f"{id}.json").read_bytes())["messages"]
