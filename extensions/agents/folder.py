"""The folder that has the folders of the agents."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from extensions.agents.skill import NotASkill, Skill, read_skill
from extensions.sessions import files
from extensions.tools.loading import Refused, checked
from gateway.core.errors import ToolsUnavailable

__all__ = ["AgentFolder", "missing_in"]

LARGEST = 256 * 1024
"""Bytes of a SKILL.md."""


class AgentFolder:
    """Every folder in `path` is meant to be an agent, but for hidden ones and for `chats`, where
    the agents' conversations are kept. Its methods block."""

    def __init__(self, path: Path, chats: Path) -> None:
        self._path = path.absolute()
        self._chats = chats.absolute()

    def agents(self) -> Mapping[str, Path]:
        """Where each agent is, in the order of their names. A folder that is not there is empty;
        `ToolsUnavailable` for one that cannot be read."""
        try:
            shown = sorted(path for path in self._path.iterdir() if path.name[0] not in "._")
            chats = self._chats.resolve()
            own = [path for path in shown if path.is_dir() and path.resolve() != chats]
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise ToolsUnavailable(f"The agents cannot be loaded: {error.strerror}.") from error
        return {os.fsencode(path.name).decode("utf-8", "replace"): path for path in own}

    def skill(self, agent: Path) -> Skill:
        """What the SKILL.md of an agent says now; `NotASkill`.

        What others than the user could have written is not followed, as their code is not run.
        """
        path = agent / "SKILL.md"
        try:
            checked(self._path, self._path)
            checked(agent, self._path)
            data, status = files.read(path.resolve(), LARGEST)
            checked(path, self._path, status)
        except FileNotFoundError:
            raise NotASkill("it has no SKILL.md") from None
        except files.OverLimit:
            limit = LARGEST // 1024
            raise NotASkill(f"its SKILL.md is larger than {limit} KiB") from None
        except Refused as refused:
            raise NotASkill(str(refused)) from None
        except RuntimeError:  # what a path raises that comes back to itself
            raise NotASkill("its SKILL.md is a link to itself") from None
        except OSError as error:
            raise NotASkill(f"its SKILL.md cannot be read: {error.strerror}") from None
        return replace(read_skill(data), changed_at=status.st_mtime)


def missing_in(agent: Path) -> str | None:
    """The first file that an agent must have and this one has not."""
    for name in ("SKILL.md", "__init__.py", f"{agent.name}.py"):
        if not (agent / name).is_file():
            return name
    return None
