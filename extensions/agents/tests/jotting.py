"""Agents whose tools need no process."""

from pathlib import Path

from msgspec import Raw

from extensions.agents.folder import AgentFolder
from extensions.agents.prompts import PhasePrompts
from extensions.agents.service import Agents
from extensions.tests.toolbox import Active, AsyncTool
from extensions.tools.catalogue import Catalogue, FoundTool
from extensions.tools.service import FolderTools
from extensions.tools.tool import Tools

__all__ = ["Jotting", "agents_of"]

ANY = Raw(b"{}")


class Jotting(FolderTools):
    """A `jot` in every package, without a process to run it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, apart=True)
        self._path = folder

    async def catalogue(self) -> Catalogue:
        found = [
            FoundTool(
                name="jot",
                package=path.name,
                description="",
                parameters={},
                required=(),
                schema=ANY,
            )
            for path in self._path.iterdir()
        ]
        return Catalogue(tools={f"{tool.package}/{tool.name}": tool for tool in found})

    async def of_package(self, package: str) -> Tools:
        return Active(AsyncTool("jot", stored))


async def stored(**_: str) -> str:
    return "stored"


def agents_of(folder: Path, functions: FolderTools) -> Agents:
    prompts = PhasePrompts(folder / "planning.md", folder / "execution.md")
    return Agents(AgentFolder(folder, folder / "agent_chats"), functions, prompts)
