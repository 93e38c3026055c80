"""What agents are told in either phase, behind their conversation; it is sent and never kept."""

import logging
from pathlib import Path

from extensions.sessions import files
from extensions.sessions.threads import to_the_end

__all__ = ["EXECUTION", "PLANNING", "PhasePrompts"]

LARGEST = 256 * 1024

PLANNING = """\
Plan how you will carry out the instruction above. Do not carry it out yet: in this step you have \
no tools, and nothing you write is done.

Write a short plan:
1. What is asked for, and how you will know that it is done.
2. The steps in their order; for each one the tool you will use, if any, and what you expect of it.
3. What you have to assume because it was not said.

Use what the conversation already shows instead of doing it again. Do not call tools, do not \
invent their results, and do not ask questions: nobody can answer them. Write the plan and \
nothing else.\
"""

# Sent again after every result, so it must not read like a beginning.
EXECUTION = """\
Carry out the plan with your tools: go on with the first step that the results above do not show \
to be done.

- Whenever a step needs a tool, call it now. To announce a call is not to make it.
- Look at every result before you go on. If a call failed or was denied, say so and find another \
way; do not repeat it unchanged.
- Rely on what tools have returned, never on what they might return.
- Do what was asked and no more.

When everything is done, or nothing more can be done, answer without a call: what you did, what \
came of it, and what is left open, in a few sentences for whoever gave the instruction.\
"""

log = logging.getLogger("mochi.agents")


class PhasePrompts:
    """The texts in these two files, as they stand whenever they are needed; where there is no file,
    or nothing in it, the texts that are built in."""

    def __init__(self, planning: Path, execution: Path) -> None:
        self._planning = planning
        self._execution = execution

    async def planning(self) -> str:
        return await to_the_end(lambda: text_of(self._planning)) or PLANNING

    async def execution(self) -> str:
        return await to_the_end(lambda: text_of(self._execution)) or EXECUTION


def text_of(path: Path) -> str:
    """The text of a file, stripped; `""` if there is none that can be read."""
    try:
        data, _ = files.read(path.resolve(), LARGEST)
        return data.decode("utf-8-sig").strip()
    except FileNotFoundError:
        return ""
    except files.OverLimit:
        reason = f"it is larger than {LARGEST // 1024} KiB"
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except RuntimeError:  # what a path raises that comes back to itself
        reason = "it is a link to itself"
    except OSError as error:
        reason = str(error.strerror)
    log.warning("The prompt file %s is not used: %s.", path, reason)
    return ""
