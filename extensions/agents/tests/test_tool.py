from pathlib import Path
from typing import Any

import msgspec
import pytest

from extensions.agents.chats import AgentChats
from extensions.agents.folder import AgentFolder
from extensions.agents.prompts import PhasePrompts
from extensions.agents.service import Agents
from extensions.agents.tests.folders import agent
from extensions.agents.tests.working import Functions, jot
from extensions.agents.tool import MOST_RUNS, AgentTool, AgentToolbox
from extensions.agents.work import AgentWork
from extensions.confirmation.approvers import Refuse
from extensions.sessions.memory_store import MemorySessionStore
from extensions.sessions.service import Sessions
from extensions.sessions.session import AgentSettings, Session, ToolSettings
from extensions.tests.toolbox import AsyncTool, Box
from extensions.tools.catalogue import Catalogue
from gateway.core.messages import ToolCall
from gateway.testing import ScriptedBackend


async def nothing() -> str:
    return ""


class Unneeded(Functions):
    async def catalogue(self) -> Catalogue:
        raise AssertionError("Nobody needs to know.")


def box(folder: Path, kind: type[Functions] = Functions) -> AgentToolbox:
    """With the tools `add` and, of the user's own, `agent`."""
    agents = Agents(
        AgentFolder(folder, folder / "agent_chats"),
        kind(folder, jot()),
        PhasePrompts(folder / "planning.md", folder / "execution.md"),
    )
    chats = AgentChats(Sessions(MemorySessionStore()), agents, ScriptedBackend(), most=50)
    own = Box(AsyncTool("add", nothing), AsyncTool("agent", nothing))
    return AgentToolbox(own, agents, chats)


def session(*enabled: str, tools: tuple[str, ...] = ("agent", "add")) -> Session:
    return Session(
        id="0f1e2d3c4b",
        model="demo",
        created_at="",
        updated_at="",
        tool_settings=ToolSettings(tools=tools),
        agent_settings=AgentSettings(enabled_agents=enabled),
    )


async def test_without_an_agent_nothing_is_changed_and_nothing_looked_for(tmp_path: Path) -> None:
    tools = await box(tmp_path, Unneeded).active(session())
    assert [each.name for each in tools.offered()] == ["agent", "add"]
    assert isinstance(tools.get("agent"), AsyncTool)


@pytest.mark.parametrize("enabled", ["nobody", "broken"])
async def test_an_agent_that_cannot_work_does_not_count(tmp_path: Path, enabled: str) -> None:
    agent(tmp_path, "broken", skill="Nothing.")
    tools = await box(tmp_path).active(session(enabled))
    assert isinstance(tools.get("agent"), AsyncTool)


async def test_before_an_agent_a_tool_of_that_name_gives_way(tmp_path: Path) -> None:
    agent(tmp_path)
    tools = await box(tmp_path).active(session("scribe"))
    assert [each.name for each in tools.offered()] == ["add", "agent"]
    tool = tools.get("agent")
    assert isinstance(tool, AgentTool)
    assert tool.definition is tools.offered()[-1]
    assert tools.get("jot") is None


async def test_what_a_model_is_told(tmp_path: Path) -> None:
    agent(tmp_path)
    agent(tmp_path, "clerk", skill="---\ndescription: Files {all} %s.\n---\n")
    agent(tmp_path, "broken", skill="---\n---\n")
    tools = await box(tmp_path).active(session("scribe", "nobody", "clerk", "broken", "scribe"))
    definition = tools.offered()[-1]
    told = "The agents:\n- scribe: Keeps notes.\n- clerk: Files {all} %s.\n\n"
    assert told in definition.description
    assert "Session ID: ..." in definition.description
    schema: Any = msgspec.json.decode(definition.parameters)
    assert schema["required"] == ["agent", "instruction"]
    assert list(schema["properties"]) == ["agent", "instruction", "session_id"]
    assert {each["type"] for each in schema["properties"].values()} == {"string"}
    assert schema["properties"]["agent"]["enum"] == ["scribe", "clerk"]


async def test_it_is_made_anew_when_the_list_or_a_description_changes(tmp_path: Path) -> None:
    own = agent(tmp_path)
    agent(tmp_path, "clerk")
    tools = box(tmp_path)

    async def told(*enabled: str) -> str:
        definition = (await tools.active(session(*enabled))).offered()[-1]
        assert definition is (await tools.active(session(*enabled))).offered()[-1]
        return definition.description

    first = await told("scribe")
    assert await told("scribe", "clerk") != first
    (own / "SKILL.md").write_text("---\ndescription: Draws.\n---\n")
    assert await told("scribe") == first
    await tools._agents.reload()
    assert "- scribe: Draws.\n" in await told("scribe")


async def test_of_one_turn_only_so_many_instructions_are_carried_out(tmp_path: Path) -> None:
    agent(tmp_path)
    tool = (await box(tmp_path).active(session("scribe"))).get("agent")
    assert isinstance(tool, AgentTool)
    call = ToolCall("call_1", "agent", {"agent": "scribe", "instruction": "Go."})
    works = [tool.begin(call, Refuse(ToolSettings())) for _ in range(MOST_RUNS + 1)]
    assert all(isinstance(work, AgentWork) for work in works[:-1])
    async for _ in works[-1].events():
        raise AssertionError("It has nothing to tell.")
    assert "only the first 64 instructions" in works[-1].outcome.result
