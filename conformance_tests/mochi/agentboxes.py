"""A gateway whose user has put agents into a folder, and what one does with it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conformance_tests.launcher import gateway_alone
from conformance_tests.mochi.caller import ACT, PLAN, Caller, call, script
from conformance_tests.mochi.sessions import Event, events_of
from conformance_tests.mochi.toolboxes import UNASKED, Toolbox, named, put_package
from conformance_tests.wire import Answer

__all__ = [
    "DESK",
    "MOST",
    "AgentBox",
    "agentbox",
    "calling",
    "complete",
    "put_agent",
    "said_in",
    "skill",
]

MOST = 6
"""How often an agent is asked at most, once it has planned."""

BENCH = '''
"""A tool that is no agent's."""

__all__ = ["add"]


def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b
'''

DESK = '''
"""Well-behaved tools. `runs` in the folder of the gateway has a line for each time one ran."""

import asyncio
from pathlib import Path


def ran(what):
    with Path("runs").open("a") as runs:
        runs.write(what + "\\n")


def jot(text: str) -> str:
    """Note something down."""
    ran(text)
    return "stored"


async def nap(seconds: float, mark: str = "nap") -> str:
    """Wait."""
    await asyncio.sleep(seconds)
    ran(mark)
    return "rested"


def fail(why: str) -> str:
    """Fail."""
    raise RuntimeError(why)
'''


class AgentBox(Toolbox):
    """The sessions of a gateway with agents. Its tools are `add` alone, and none of an agent's."""

    agents: Path

    def enabled(self, *agents: str, **settings: Any) -> str:
        """A new session with these agents, whose tools run unasked if nothing else is said."""
        enabled = {"enabled_agents": list(agents or ["scribe"])}
        return self.begin(agent_settings=enabled, tool_settings=UNASKED | settings)

    def run(self, id: str, instruction: str, agent: str = "scribe", **more: Any) -> list[Event]:
        """The events of a turn in which the model calls an agent, once."""
        return events_of(self.stream(id, calling(instruction, agent, **more)))

    def chat(self, id: str) -> dict[str, Any]:
        """The chat of an agent."""
        answer = self.http.get(f"/agents/chats/{id}")
        assert answer.status == 200, answer.body[:500]
        found: dict[str, Any] = answer.json
        return found

    def written_chat(self, id: str) -> Any:
        """What the file of an agent's chat holds."""
        return json.loads((self.data / "agents" / "agent_chats" / f"{id}.json").read_bytes())

    def chats(self) -> list[dict[str, Any]]:
        answer = self.http.get("/agents/chats")
        assert answer.status == 200
        items: list[dict[str, Any]] = answer.json["sessions"]
        return items

    def last_chat(self) -> dict[str, Any]:
        """The chat that was changed last."""
        return self.chat(self.chats()[0]["session_id"])

    def reload_agents(self) -> Answer:
        answer = self.http.request("POST", "/agents/reload")
        assert answer.status == 200, answer.body[:500]
        return answer

    def agents_listed(self) -> dict[str, Any]:
        answer = self.http.get("/agents")
        assert answer.status == 200, answer.body[:500]
        assert list(answer.json) == ["agents"]
        agents: dict[str, Any] = answer.json["agents"]
        return agents


def calling(instruction: str, agent: str = "scribe", **more: Any) -> str:
    """A message that leads to one call of an agent."""
    return script([call("agent", agent=agent, instruction=instruction, **more)])


def complete(events: list[Event]) -> dict[str, Any]:
    """How the one agent of these events ended."""
    (ended,) = named(events, "agent_complete")
    assert list(ended) == ["agent_name", "session_id", "output"]
    return ended


def said_in(chat: dict[str, Any]) -> list[tuple[str, str]]:
    """Who said what in the chat of an agent."""
    return [(one["role"], one["content"]) for one in chat["messages"]]


@contextmanager
def agentbox(caller: Caller, folder: Path, **environment: str) -> Iterator[AgentBox]:
    """A gateway with the agents in `folder/agents`, whose prompts are what `caller` knows."""
    for name in ("agents", "tools"):
        (folder / name).mkdir(exist_ok=True)
    put_package(folder / "tools", "bench", BENCH)
    (folder / "plan.md").write_text(f"\n{PLAN}\n")
    (folder / "act.md").write_text(ACT)
    settings = {
        "MOCHI_TOOLS_DIR": str(folder / "tools"),
        "MOCHI_AGENTS_DIR": str(folder / "agents"),
        "MOCHI_PLANNING_PROMPT_PATH": str(folder / "plan.md"),
        "MOCHI_EXECUTION_PROMPT_PATH": str(folder / "act.md"),
        "MOCHI_MAX_AGENT_ITERATIONS": str(MOST),
        "MOCHI_DEFAULT_MODEL": "caller",
        "MOCHI_SUMMARIZATION_ENABLED": "false",
    }
    with gateway_alone(caller.url, **settings | environment) as running:
        box = AgentBox(running, "caller", timeout=30)
        box.tools, box.caller, box.log = folder / "tools", caller, running.log
        box.agents = folder / "agents"
        yield box


def skill(description: str = "Keeps notes.", prompt: str = "You are a scribe.", **keys: str) -> str:
    front = {"description": description, **keys}
    lines = [f"{key}: {value}" for key, value in front.items()]
    return "\n".join(["---", *lines, "---", prompt, ""])


def put_agent(
    agents: Path,
    name: str,
    text: str | None = None,
    source: str = DESK,
    offers: str = "jot nap fail",
) -> Path:
    """An agent in the folder of agents: its SKILL.md, its module, and what it offers of that."""
    folder = agents / name
    folder.mkdir()
    (folder / "SKILL.md").write_text(skill() if text is None else text, "utf-8")
    (folder / f"{name}.py").write_text(source, "utf-8")
    exports = f"from .{name} import {', '.join(offers.split())}\n\n__all__ = {offers.split()}\n"
    (folder / "__init__.py").write_text(exports, "utf-8")
    return folder
