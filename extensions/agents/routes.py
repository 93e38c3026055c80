"""`/api/v1/agents`."""

from collections.abc import Mapping
from contextlib import aclosing

from litestar import get, post
from litestar.config.app import AppConfig
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.plugins import InitPlugin
from msgspec import Struct
from msgspec.structs import asdict

from extensions.agents.agent import Agent
from extensions.agents.service import Agents
from extensions.sessions.service import Sessions
from extensions.sessions.shown import SessionDetail, SessionList, detail_of
from gateway.http.extensions import error_responses, extension_router

__all__ = ["AgentsExtension"]

UNKNOWN = {404: "There is no such agent."}
UNKNOWN_CHAT = {404: "There is no such chat."}
UNAVAILABLE = {500: "The process that has the agents' tools cannot be started."}
STORAGE = {503: "The folder cannot be used: a full disk, a missing permission."}


class AgentItem(Struct, frozen=True, kw_only=True):
    """An agent; `model` is the one it wants, and `error_message` says why it is not valid."""

    name: str
    description: str
    model: str | None
    valid: bool
    tool_count: int
    tools: tuple[str, ...]
    error_message: str | None


class AgentDetail(AgentItem, frozen=True, kw_only=True):
    """An agent, and what it is told to be."""

    system_prompt: str


class AgentList(Struct, frozen=True):
    """Agents by name, those that are not valid too."""

    agents: dict[str, AgentItem]


class AgentsReloaded(Struct, frozen=True, kw_only=True):
    """How many agents are valid."""

    success: bool = True
    agents_count: int
    message: str


class AgentsExtension(InitPlugin):
    """The agents, whose process ends with the gateway, and their `chats`."""

    def __init__(self, agents: Agents, chats: Sessions) -> None:
        self._agents = agents
        self._chats = chats

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        router = extension_router(
            "/agents", HANDLERS, tag="Agents", agents=self._agents, chats=self._chats
        )
        app_config.route_handlers.append(router)
        app_config.lifespan.append(aclosing(self._agents))
        return app_config


@get(operation_id="listAgents", summary="List the agents", responses=error_responses(UNAVAILABLE))
async def list_agents(agents: NamedDependency[Agents]) -> AgentList:
    """As they were when the folder was last looked through."""
    found = await agents.all()
    return AgentList({name: item(agent) for name, agent in found.items()})


@get(
    "/agent/{name:str}",
    operation_id="describeAgent",
    summary="Describe an agent",
    responses=error_responses(UNKNOWN | UNAVAILABLE),
)
async def describe_agent(name: FromPath[str], agents: NamedDependency[Agents]) -> AgentDetail:
    """With its system prompt as the file has it now."""
    agent = await agents.now(name)
    return AgentDetail(**asdict(item(agent)), system_prompt=agent.prompt)


@post(
    "/reload",
    operation_id="reloadAgents",
    summary="Look through the folder again",
    status_code=200,
    responses=error_responses(UNAVAILABLE),
)
async def reload_agents(agents: NamedDependency[Agents]) -> AgentsReloaded:
    """Every module is imported anew. Agents that are at work are not disturbed."""
    return reloaded(await agents.reload())


@get(
    "/chats",
    operation_id="listAgentChats",
    summary="List what agents were told and did",
    responses=error_responses(STORAGE),
)
async def list_chats(chats: NamedDependency[Sessions]) -> SessionList:
    """The newest first. Files that cannot be read are left out."""
    return SessionList(await chats.items())


@get(
    "/chats/{session_id:str}",
    operation_id="getAgentChat",
    summary="Read what an agent was told and did",
    responses=error_responses(UNKNOWN_CHAT | STORAGE),
)
async def get_chat(session_id: FromPath[str], chats: NamedDependency[Sessions]) -> SessionDetail:
    """The id is the one in the agent's answer."""
    return detail_of(await chats.get(session_id))


def item(agent: Agent) -> AgentItem:
    return AgentItem(
        name=agent.name,
        description=agent.description,
        model=agent.model,
        valid=agent.valid,
        tool_count=len(agent.tools),
        tools=agent.tools,
        error_message=agent.error,
    )


def reloaded(found: Mapping[str, Agent]) -> AgentsReloaded:
    valid = sum(agent.valid for agent in found.values())
    left_out = f", {len(found) - valid} not valid" if valid < len(found) else ""
    agents = f"{valid} agent{'' if valid == 1 else 's'}"
    return AgentsReloaded(agents_count=valid, message=f"Found {agents}{left_out}.")


HANDLERS = (list_agents, describe_agent, reload_agents, list_chats, get_chat)
