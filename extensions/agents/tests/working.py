"""A gateway whose model hands work to agents, with tools that are made of functions."""

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from litestar.plugins import InitPlugin
from msgspec import Raw

from extensions.agents.chats import AgentChats
from extensions.agents.folder import AgentFolder
from extensions.agents.prompts import PhasePrompts
from extensions.agents.routes import AgentsExtension
from extensions.agents.service import Agents
from extensions.agents.tests.folders import agent
from extensions.agents.tool import AgentToolbox
from extensions.chat.tests.stream import Events
from extensions.chat.tests.talking import ID, Gateway, Script, calls, serving
from extensions.context.window import first_window
from extensions.prompts.store import PromptFiles
from extensions.sessions.changes import SettingsChanged
from extensions.sessions.json_store import JSONSessionStore
from extensions.sessions.routes import SessionsExtension
from extensions.sessions.service import Sessions
from extensions.sessions.session import (
    AgentSettings,
    AssistantMessage,
    Message,
    Session,
    ToolSettings,
)
from extensions.tests.toolbox import Active, AsyncTool, Fixed
from extensions.tools.catalogue import Catalogue, FoundTool
from extensions.tools.service import FolderTools
from extensions.tools.tool import NoTools, Toolbox, Tools
from gateway.core.backend import Backend
from gateway.core.messages import text_of
from gateway.core.requests import ChatRequest
from gateway.testing import ScriptedBackend

__all__ = ["Functions", "Minds", "Office", "asking", "jot", "office", "roles", "task"]

UNASKED = ToolSettings(execution_policy="never_confirm")


def task(instruction: str = "Note the date.", name: str = "scribe", id: str = "") -> Script:
    """A reply that hands this to an agent."""
    arguments = {"agent": name, "instruction": instruction}
    return calls(("agent", {**arguments, "session_id": id} if id else arguments))


def jot() -> AsyncTool:
    async def stored(text: str) -> str:
        return "stored"

    return AsyncTool("jot", stored)


class Functions(FolderTools):
    """These tools, whichever agent it is; each has them for its own, and no process runs them."""

    def __init__(self, folder: Path, *tools: AsyncTool) -> None:
        super().__init__(folder, apart=True)
        self._folder = folder
        self._tools = tools

    async def catalogue(self) -> Catalogue:
        names = sorted(path.name for path in self._folder.iterdir() if path.is_dir())
        found = [(name, tool.definition) for name in names for tool in self._tools]
        return Catalogue(
            {
                f"{name}/{each.name}": FoundTool(
                    name=each.name,
                    package=name,
                    description=each.description,
                    parameters={},
                    required=(),
                    schema=Raw(each.parameters),
                )
                for name, each in found
            }
        )

    async def reload(self) -> Catalogue:
        return await self.catalogue()

    async def of_package(self, package: str) -> Tools:
        return Active(*self._tools)


class Minds(ScriptedBackend):
    """Answers by what it is asked."""

    def __init__(self, think: Callable[[ChatRequest], Script], **settings: Any) -> None:
        super().__init__(**settings)
        self._think = think

    def chat(self, request: ChatRequest) -> Any:
        self.requests.append(request)
        return ScriptedBackend(*self._think(request)).chat(request)


class Office:
    """The gateway at work, its agents, and where they keep what they do."""

    def __init__(self, gateway: Gateway, agents: Agents, chats: Sessions, folder: Path) -> None:
        self.gateway = gateway
        self.agents = agents
        self.chats = chats
        self.folder = folder

    async def told(
        self, message: str = "Hi", session: str = ID
    ) -> list[tuple[str, dict[str, Any]]]:
        """The events of a whole stream."""
        path = f"/api/v1/chat/{session}/stream"
        http = self.gateway.http
        async with http.stream("POST", path, json={"message": message}) as response:
            return await Events(response).rest()

    async def chat(self, number: int = 0) -> Session:
        """The newest agent chat, or one before it."""
        return await self.chats.get((await self.chats.items())[number].session_id)

    async def main(self, id: str = ID) -> Sequence[Message]:
        return (await self.gateway.sessions.get(id)).messages

    def text(self, id: str) -> str:
        """What stands in the file of an agent chat."""
        return (self.folder / "agents" / "agent_chats" / f"{id}.json").read_text("utf-8")


@asynccontextmanager
async def office(
    backend: Backend,
    folder: Path,
    *tools: AsyncTool,
    enabled: Sequence[str] = ("scribe",),
    settings: ToolSettings = UNASKED,
    most: int = 50,
    others: Toolbox | None = None,
    functions: FolderTools | None = None,
    **more: Any,
) -> AsyncGenerator[Office, None]:
    """One session that enables agents; those that are missing are made."""
    home = folder / "agents"
    for name in enabled:
        if not (home / name).exists():
            agent(home, name)
    agents = Agents(
        AgentFolder(home, home / "agent_chats"),
        functions or Functions(home, *tools),
        PhasePrompts(folder / "planning.md", folder / "execution.md"),
    )
    chats = Sessions(JSONSessionStore(home / "agent_chats"))
    runs = AgentChats(chats, agents, backend, most=most)

    def extensions(sessions: Sessions) -> Sequence[InitPlugin]:
        prompts = PromptFiles(folder)
        return [
            AgentsExtension(agents, chats),
            SessionsExtension(sessions, backend, prompts, first_window, agents.check),
        ]

    async with serving(
        backend,
        toolbox=AgentToolbox(others or Fixed(NoTools()), agents, runs),
        tool_settings=settings,
        others=extensions,
        **more,
    ) as gateway:
        await enable(gateway.sessions, enabled)
        yield Office(gateway, agents, chats, folder)


async def enable(sessions: Sessions, names: Sequence[str], id: str = ID) -> None:
    async with sessions.turn(id) as opened:
        enabled = AgentSettings(enabled_agents=tuple(names))
        await opened.commit(SettingsChanged(agent_settings=enabled))


def roles(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Who said what; calls are told as JSON behind the text."""
    told = []
    for message in messages:
        text = message.content
        if isinstance(message, AssistantMessage):
            text += "".join(f"[{call.name} {json.dumps(call.arguments)}]" for call in message.calls)
        told.append((str(message.__struct_config__.tag), text))
    return told


def asking(request: ChatRequest) -> tuple[str, bool]:
    """The last message of a request, and whether it offers tools."""
    return text_of(request.messages[-1].content), bool(request.tools)
