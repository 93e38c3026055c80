"""The agents there are."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import get_args

from msgspec.structs import replace

from extensions.agents.agent import Agent
from extensions.agents.folder import AgentFolder, missing_in
from extensions.agents.prompts import PhasePrompts
from extensions.agents.skill import NotASkill
from extensions.sessions.session import Policy
from extensions.sessions.threads import to_the_end
from extensions.tools.catalogue import Catalogue
from extensions.tools.service import FolderTools
from extensions.tools.tool import Tools
from gateway.core.errors import AgentInvalid, AgentNotFound

__all__ = ["Agents"]

log = logging.getLogger("mochi.agents")


class Agents:
    """The agents of a folder, whose `functions` are its packages, standing apart.

    They are looked for when somebody first needs to know, and no process is started before. What
    they are told in the two phases of their work are the `prompts`.
    """

    def __init__(self, folder: AgentFolder, functions: FolderTools, prompts: PhasePrompts) -> None:
        self.prompts = prompts
        self._folder = folder
        self._functions = functions
        self._paths: Mapping[str, Path] = {}
        self._found: Mapping[str, Agent] | None = None
        self._looking = asyncio.Lock()

    async def all(self) -> Mapping[str, Agent]:
        """All by name, the invalid ones too, as they were when they were last looked for;
        `ToolsUnavailable` if there is no way to tell."""
        if self._found is None:
            async with self._looking:
                if self._found is None:
                    await self._look(await self._functions.catalogue())
        return self._found or {}

    async def reload(self) -> Mapping[str, Agent]:
        """Look again. Agents that are at work are not disturbed."""
        async with self._looking:
            await self._look(await self._functions.reload())
        return self._found or {}

    async def now(self, name: str) -> Agent:
        """The agent with what its SKILL.md says now, whether it is valid or not; `AgentNotFound`.

        Its policies stay those that were found: what may run unasked changes only when a person
        has the agents reloaded, not with a file that a tool could write.
        """
        agent = (await self.all()).get(name)
        if agent is None:
            raise AgentNotFound(name)
        path = self._paths[name]  # now: the thread may come to it after a reload
        try:
            skill = await to_the_end(lambda: self._folder.skill(path))
        except NotASkill as reason:
            return replace(agent, error=agent.error or str(reason))
        return replace(agent, description=skill.description, model=skill.model, prompt=skill.prompt)

    async def get(self, name: str) -> Agent:
        """A valid agent, with what its SKILL.md says now; `AgentNotFound`, `AgentInvalid`."""
        agent = await self.now(name)
        if agent.error is not None:
            raise AgentInvalid(name, agent.error)
        return agent

    async def check(self, names: Iterable[str]) -> None:
        """`AgentInvalid` if one of these was found and is not valid; others may come to be."""
        for name in names:
            agent = (await self.all()).get(name)
            if agent is not None and agent.error is not None:
                raise AgentInvalid(name, agent.error)

    async def tools(self, name: str) -> Tools:
        """Its own tools, and no others."""
        return await self._functions.of_package(name)

    async def aclose(self) -> None:
        """End the process that runs the functions, if there is one."""
        await self._functions.aclose()

    async def _look(self, catalogue: Catalogue) -> None:
        self._paths, found = await to_the_end(lambda: self._looked(catalogue))
        for name, agent in found.items():
            if agent == (self._found or {}).get(name):
                continue
            if agent.error is not None:
                log.warning("The agent %r is not valid: %s.", name, agent.error)
            for wrong in misunderstood(agent):
                log.warning("The agent %r: its tool_policies have %s.", name, wrong)
        self._found = found

    def _looked(self, catalogue: Catalogue) -> tuple[Mapping[str, Path], Mapping[str, Agent]]:
        paths = self._folder.agents()
        return paths, {name: self._agent(name, paths[name], catalogue) for name in paths}

    def _agent(self, name: str, path: Path, catalogue: Catalogue) -> Agent:
        tools = tuple(tool.name for tool in catalogue.tools.values() if tool.package == name)
        agent = Agent(name=name, tools=tools)
        try:
            skill = self._folder.skill(path)
        except NotASkill as reason:
            return replace(agent, error=str(reason))
        missing = missing_in(path)
        return replace(
            agent,
            description=skill.description,
            model=skill.model,
            tool_policies=skill.tool_policies,
            prompt=skill.prompt,
            changed_at=skill.changed_at,
            error=f"it has no {missing}" if missing else without_tools(agent, catalogue),
        )


def misunderstood(agent: Agent) -> list[str]:
    """What its policies say in vain, so that its author learns why calls are not run."""
    return [
        f"{tool!r}, which is none of its tools"
        if tool not in agent.tools
        else f"{policy!r} for {tool!r}, which is no policy"
        for tool, policy in agent.tool_policies.items()
        if tool not in agent.tools or policy not in get_args(Policy)
    ]


def without_tools(agent: Agent, catalogue: Catalogue) -> str | None:
    """Why an agent has no tools; `None` if it has some."""
    if agent.tools:
        return None
    rejected = [each for each in catalogue.rejected if each.package == agent.name]
    for each in rejected:
        if each.name is None:
            return f"its tools cannot be loaded: {each.reason}"
    reasons = "; ".join(f"'{each.name}': {each.reason}" for each in rejected)
    return f"its __all__ names no tool that can be used{reasons and f' ({reasons})'}"
