"""Drafts of agents, in the folder `drafts` beside the agents themselves.

What is there does not run. A draft never takes the place of anything, and its front matter has no
policies: whoever moves it decides which of its tools may run unasked.
"""

import ast
import keyword
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

AGENTS = Path(__file__).parents[1].resolve()
DRAFTS = "drafts"

MOST_DRAFTS = 50
MOST_CHARACTERS = {"description": 300, "prompt": 20_000, "code": 50_000}
SHOWN = 20_000
"""Characters of one file."""

NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def list_agents() -> str:
    """List the agents there are, and the drafts of others."""
    with opened(AGENTS) as agents:
        lines = names_in(agents)
        if DRAFTS in os.listdir(agents):
            with opened(DRAFTS, agents) as drafts:
                lines += [f"{DRAFTS}/{name}" for name in names_in(drafts)]
    return "\n".join(lines) or "There are none."


def show_agent(name: str) -> str:
    """Show the files of an agent, or of a draft, to learn from them.

    Args:
        name: The agent, for example "scribe" or "drafts/poet".
    """
    *above, last = name.split("/")
    if above not in ([], [DRAFTS]) or not NAME.fullmatch(last):
        raise ValueError(f"{name!r} is not the name of an agent")
    try:
        with opened(AGENTS.joinpath(*above)) as beside, opened(last, beside) as agent:
            files = [(file, text_of(file, agent)) for file in files_of(last)]
    except OSError as error:
        raise ValueError(f"'{name}' cannot be read: {error.strerror}") from None
    return "\n".join(f"=== {file}\n{text}" for file, text in files)


def draft_agent(name: str, description: str, prompt: str, code: str) -> str:
    """Write the draft of a new agent. It cannot be changed later.

    Args:
        name: The new name, for example "poet": lower case letters, digits and "_".
        description: What the agent is good for, in one sentence: others choose it by that.
        prompt: What the agent is told to be and to do.
        code: A Python module. Its public functions that have a docstring become the tools.
    """
    texts = {"description": description, "prompt": prompt, "code": code}
    for part, text in texts.items():
        if not text.strip():
            raise ValueError(f"the {part} is empty")
        if len(text) > MOST_CHARACTERS[part]:
            raise ValueError(f"the {part} has more than {MOST_CHARACTERS[part]} characters")
    check_name(name)
    tools = tools_in(code)
    skill = f"---\ndescription: {one_line(description)}\n---\n{prompt.strip()}\n"
    exports = f"from .{name} import {', '.join(tools)}\n\n__all__ = {tools}\n"
    contents = [skill, exports, f"{code.strip()}\n"]
    write_new(name, dict(zip(files_of(name), contents, strict=True)))
    return (
        f"The draft is in '{DRAFTS}/{name}', with the tools {', '.join(tools)}. "
        "A person has to read it and to move it beside the other agents."
    )


def check_name(name: str) -> None:
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or name == DRAFTS:
        raise ValueError(f"{name!r} cannot be the name of an agent: it is like 'poet'")
    if os.path.lexists(AGENTS / name):
        raise ValueError(f"there is an agent '{name}' already: choose another name")


def tools_in(code: str) -> list[str]:
    """The functions that will be tools, once it is sure that this is a module."""
    try:
        module = ast.parse(code)
    except SyntaxError as error:
        raise ValueError(f"the code is not Python: {error.msg} in line {error.lineno}") from None
    except (ValueError, RecursionError, MemoryError):
        raise ValueError("the code is not Python") from None
    tools = [
        each.name
        for each in module.body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        and not each.name.startswith("_")
        and ast.get_docstring(each)
    ]
    if not tools:
        raise ValueError("the code has no public function with a docstring")
    return list(dict.fromkeys(tools))


def one_line(text: str) -> str:
    """A value of the front matter, which has one line each and may be quoted."""
    return " ".join(text.split()).strip("\"'")


def files_of(name: str) -> list[str]:
    return ["SKILL.md", "__init__.py", f"{name}.py"]


def write_new(name: str, files: dict[str, str]) -> None:
    """Make the folder of a draft with these files: all of them, or nothing."""
    with opened(AGENTS) as agents:
        with suppress(FileExistsError):
            os.mkdir(DRAFTS, 0o755, dir_fd=agents)
        try:
            with opened(DRAFTS, agents) as drafts:
                if len(os.listdir(drafts)) >= MOST_DRAFTS:
                    raise ValueError(f"there are {MOST_DRAFTS} drafts: a person has to clear up")
                os.mkdir(name, 0o755, dir_fd=drafts)
                fill(name, drafts, files)
        except FileExistsError:
            raise ValueError(f"there is a draft '{name}' already: choose another name") from None
        except OSError as error:
            raise ValueError(f"the draft cannot be written: {error.strerror}") from None


def fill(name: str, drafts: int, files: dict[str, str]) -> None:
    """Write the files of a new and empty folder, or take the folder away again."""
    with opened(name, drafts) as folder:
        try:
            for file, text in files.items():
                with open(os.open(file, NEW, 0o644, dir_fd=folder), "wb") as written:
                    written.write(text.encode(errors="replace"))
        except BaseException:
            for file in files:
                with suppress(OSError):
                    os.unlink(file, dir_fd=folder)
            with suppress(OSError):
                os.rmdir(name, dir_fd=drafts)
            raise


@contextmanager
def opened(folder: Path | str, beside: int | None = None) -> Iterator[int]:
    """A descriptor of a folder that is no link."""
    descriptor = os.open(folder, FOLDER, dir_fd=beside)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def names_in(folder: int) -> list[str]:
    """The folders that have a `SKILL.md`."""
    with os.scandir(folder) as entries:
        names = [
            each.name
            for each in entries
            if NAME.fullmatch(each.name) and each.is_dir(follow_symlinks=False)
        ]
    return sorted(name for name in names if has_skill(name, folder))


def has_skill(name: str, beside: int) -> bool:
    with opened(name, beside) as folder:
        return "SKILL.md" in os.listdir(folder)


def text_of(file: str, folder: int) -> str:
    with open(os.open(file, READ, dir_fd=folder), encoding="utf-8", errors="replace") as text:
        shown = text.read(SHOWN + 1)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}\n[cut after {SHOWN} characters]"
