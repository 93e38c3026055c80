"""The `agent` tool: a model hands an instruction to an agent."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from msgspec import Raw

from extensions.agents.chats import AgentChats
from extensions.agents.service import Agents
from extensions.agents.work import AgentWork, Employer
from extensions.sessions.session import Session
from extensions.tools.approval import Approver
from extensions.tools.outcome import ToolOutcome
from extensions.tools.results import call_failed
from extensions.tools.tool import Running, Tool, Toolbox, Tools, Work
from gateway.core.messages import ToolCall
from gateway.core.requests import ToolDefinition

__all__ = ["AGENT", "MOST_RUNS", "AgentTool", "AgentToolbox", "definition_of"]

AGENT = "agent"
MOST_RUNS = 64
"""In one turn, each of which may ask the model as often as an agent may."""

ABOUT = """\
Hand an instruction to an agent, which plans, works on it with tools of its own, and reports back.

The agents:
{agents}

An agent sees nothing of this conversation: put everything it needs into the instruction. Its \
answer begins with a line 'Session ID: ...'. To have the same agent go on where it stopped, pass \
that id as session_id; without it the agent begins anew.\
"""


class AgentToolbox:
    """The tools of `others`, and for a session that enables a valid agent the `agent` tool, before
    which a tool of the same name gives way."""

    def __init__(self, others: Toolbox, agents: Agents, chats: AgentChats) -> None:
        self._others = others
        self._agents = agents
        self._chats = chats

    async def active(self, session: Session) -> Tools:
        tools = await self._others.active(session)
        if not session.agent_settings.enabled_agents:
            return tools
        found = await self._agents.all()
        enabled = tuple(dict.fromkeys(session.agent_settings.enabled_agents))
        usable = [found[name] for name in enabled if name in found and found[name].valid]
        if not usable:
            return tools
        definition = definition_of(tuple([(agent.name, agent.description) for agent in usable]))
        employer = Employer(enabled, session.model)
        return WithAgent(tools, AgentTool(definition, employer, self._agents, self._chats))


class AgentTool:
    """An agent's work for one turn of a session, on one instruction after the other."""

    narrates = True

    def __init__(
        self, definition: ToolDefinition, employer: Employer, agents: Agents, chats: AgentChats
    ) -> None:
        self.definition = definition
        self._employer = employer
        self._agents = agents
        self._chats = chats
        self._begun = 0

    def begin(self, call: ToolCall, approver: Approver) -> Work:
        self._begun += 1
        if self._begun > MOST_RUNS:
            return Running(overworked)
        return AgentWork(
            call, approver, employer=self._employer, agents=self._agents, chats=self._chats
        )


async def overworked() -> ToolOutcome:
    limit = f"of one turn only the first {MOST_RUNS} instructions are carried out"
    return ToolOutcome.failed(call_failed(AGENT, limit))


class WithAgent:
    """Some tools, and the one for agents."""

    def __init__(self, others: Tools, agent: AgentTool) -> None:
        self._others = others
        self._agent = agent

    def offered(self) -> Sequence[ToolDefinition]:
        others = [tool for tool in self._others.offered() if tool.name != AGENT]
        return [*others, self._agent.definition]

    def get(self, name: str) -> Tool | None:
        return self._agent if name == AGENT else self._others.get(name)


@lru_cache(maxsize=128)
def definition_of(agents: tuple[tuple[str, str], ...]) -> ToolDefinition:
    """What models are told of the tool, made once for the same names and descriptions."""
    listed = "\n".join(f"- {name}: {description}" for name, description in agents)
    # Not by `format`: a description may hold braces.
    return ToolDefinition(AGENT, ABOUT.replace("{agents}", listed), parameters(agents))


def parameters(agents: tuple[tuple[str, str], ...]) -> Raw:
    text = {"type": "string"}
    names = [name for name, _ in agents]
    properties = {
        "agent": {**text, "description": "Which agent.", "enum": names},
        "instruction": {**text, "description": "What the agent shall do, and all it must know."},
        "session_id": {
            **text,
            "description": "The id in an earlier answer of the same agent, to go on from there.",
            "default": "",
        },
    }
    required = ["agent", "instruction"]
    schema = {"type": "object", "properties": properties, "required": required}
    return Raw(msgspec.json.encode(schema))
