"""Folders of agents for tests."""

from pathlib import Path
from textwrap import dedent

from extensions.agents.folder import AgentFolder
from extensions.agents.prompts import PhasePrompts
from extensions.agents.service import Agents
from extensions.tools.service import FolderTools

__all__ = ["JOT", "agent", "agents_in"]

JOT = '''
def jot(text: str) -> str:
    """Note a text.

    Args:
        text: what to note
    """
    return "stored"
'''

SKILL = """\
---
description: Keeps notes.
---
You are a scribe.
"""


def agent(
    folder: Path,
    name: str = "scribe",
    *,
    skill: str = SKILL,
    init: str | None = None,
    code: str = JOT,
) -> Path:
    """Write an agent; returns its own folder."""
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    (own / "SKILL.md").write_text(dedent(skill), "utf-8")
    init = f"from .{name} import jot\n\n__all__ = ['jot']\n" if init is None else init
    (own / "__init__.py").write_text(init, "utf-8")
    (own / f"{name}.py").write_text(dedent(code), "utf-8")
    return own


def agents_in(folder: Path, chats: Path | None = None) -> Agents:
    return Agents(
        AgentFolder(folder, chats or folder / "agent_chats"),
        FolderTools(folder, apart=True),
        PhasePrompts(folder / "planning.md", folder / "execution.md"),
    )
