import asyncio
import os
from pathlib import Path

import pytest

from extensions.agents.prompts import EXECUTION, PLANNING
from extensions.agents.service import Agents
from extensions.agents.tests.folders import agent, agents_in
from extensions.tools.hosts import ToolHosts
from extensions.tools.outcome import ToolOutcome
from extensions.tools.tests.packages import called
from extensions.tools.tool import PlainTool
from gateway.core.errors import AgentInvalid, AgentNotFound, ToolsUnavailable


async def errors_of(agents: Agents) -> dict[str, str | None]:
    try:
        return {name: agent.error for name, agent in (await agents.all()).items()}
    finally:
        await agents.aclose()


async def test_agents_and_their_tools(tmp_path: Path) -> None:
    text = f"def jot(text: str) -> str:\n    'Note.'\n    return {'{}'!r} + text\n"
    for name in ("scribe", "clerk"):
        agent(tmp_path, name, code=text.replace("{}", name))
    agents = agents_in(tmp_path)
    assert list(await agents.all()) == ["clerk", "scribe"]
    for name in ("scribe", "clerk"):
        assert (await agents.get(name)).tools == ("jot",)
        jot = (await agents.tools(name)).get("jot")
        assert isinstance(jot, PlainTool)
        assert await jot.run(called("jot", text="!")) == ToolOutcome(True, f"{name}!")
    await agents.aclose()


async def test_what_is_no_agent_at_all(tmp_path: Path) -> None:
    for name in ("_draft", ".git", "agent_chats"):
        agent(tmp_path, name)
    (tmp_path / "README.md").write_text("Agents.")
    assert await errors_of(agents_in(tmp_path)) == {}


async def test_every_reason_not_to_be_valid(tmp_path: Path) -> None:
    for name in ("a_valid", "b_no_skill", "c_no_package", "d_no_module"):
        agent(tmp_path, name)
    (tmp_path / "b_no_skill" / "SKILL.md").unlink()
    (tmp_path / "c_no_package" / "__init__.py").unlink()
    (tmp_path / "d_no_module" / "d_no_module.py").unlink()
    agent(tmp_path, "e_broken", code="raise ValueError('no')")
    agent(tmp_path, "f_silent", code="def jot(): pass")
    agent(tmp_path, "g_unnamed", init="from .g_unnamed import jot\n")
    agent(tmp_path, "h_plain", skill="You are a scribe.")
    large = agent(tmp_path, "i_large") / "SKILL.md"
    large.write_bytes(b"---\n" + bytes(256 * 1024))
    (tmp_path / "j_empty").mkdir()
    assert await errors_of(agents_in(tmp_path)) == {
        "a_valid": None,
        "b_no_skill": "it has no SKILL.md",
        "c_no_package": "it has no __init__.py",
        "d_no_module": "it has no d_no_module.py",
        "e_broken": "its tools cannot be loaded: ValueError: no",
        "f_silent": "its __all__ names no tool that can be used ('jot': it has no docstring)",
        "g_unnamed": "its __all__ names no tool that can be used",
        "h_plain": "its SKILL.md does not begin with a line '---'",
        "i_large": "its SKILL.md is larger than 256 KiB",
        "j_empty": "it has no SKILL.md",
    }


async def test_policies_that_say_nothing_are_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    policies = "jot: sometimes, jott: never_confirm"
    agent(tmp_path, skill=f"---\ndescription: Notes.\ntool_policies: {policies}\n---\n")
    agents = agents_in(tmp_path)
    assert (await agents.get("scribe")).valid
    await agents.reload()
    await agents.aclose()
    warnings = [each.message for each in caplog.records if each.name == "mochi.agents"]
    assert warnings == [
        "The agent 'scribe': its tool_policies have 'sometimes' for 'jot', which is no policy.",
        "The agent 'scribe': its tool_policies have 'jott', which is none of its tools.",
    ]


async def test_what_others_could_have_written_is_not_followed(tmp_path: Path) -> None:
    (agent(tmp_path / "agents", "open") / "SKILL.md").chmod(0o646)
    agent(tmp_path / "agents", "shared").chmod(0o777)
    linked = agent(tmp_path / "agents", "linked") / "SKILL.md"
    linked.rename(tmp_path / "SKILL.md")
    linked.symlink_to(tmp_path / "SKILL.md")
    pipe = agent(tmp_path / "agents", "pipe") / "SKILL.md"
    pipe.unlink()
    os.mkfifo(pipe)
    assert await errors_of(agents_in(tmp_path / "agents")) == {
        "linked": "'SKILL.md' is a link out of the folder of tools",
        "open": "'SKILL.md' can be written by every user",
        "pipe": "its SKILL.md cannot be read: Not a regular file",
        "shared": "'shared' can be written by every user",
    }


async def test_a_folder_that_others_can_write_to(tmp_path: Path) -> None:
    agent(tmp_path / "agents")
    (tmp_path / "agents").chmod(0o777)
    assert await errors_of(agents_in(tmp_path / "agents")) == {
        "scribe": "'agents' can be written by every user"
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    agent(tmp_path / "agents")
    (tmp_path / "agents").chmod(0o000)
    agents = agents_in(tmp_path / "agents")
    try:
        with pytest.raises(ToolsUnavailable):
            await agents.all()
    finally:
        (tmp_path / "agents").chmod(0o755)
        await agents.aclose()


async def test_without_agents_there_is_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(self: object) -> None:
        raise AssertionError("A process was started.")

    monkeypatch.setattr(ToolHosts, "_started", never)
    (tmp_path / "empty" / "agent_chats").mkdir(parents=True)
    for folder in ("missing", "empty"):
        agents = agents_in(tmp_path / folder)
        assert await agents.all() == {}
        assert await agents.reload() == {}
        with pytest.raises(AgentNotFound):
            await agents.get("scribe")
        await agents.aclose()


async def test_who_needs_to_know_at_the_same_time_looks_once(tmp_path: Path) -> None:
    """Each look imports the packages, which leaves a line behind."""
    trace = tmp_path / "trace"
    init = f"open({str(trace)!r}, 'a').write('x')\nfrom .scribe import jot\n__all__ = ['jot']\n"
    agent(tmp_path / "agents", init=init)
    agents = agents_in(tmp_path / "agents")
    impatient = asyncio.create_task(agents.all())
    patient = [asyncio.create_task(agents.all()) for _ in range(20)]
    await asyncio.sleep(0.01)
    impatient.cancel()
    found = await asyncio.gather(*patient)
    assert list(found[0]) == ["scribe"]
    assert all(each is found[0] for each in found)
    assert trace.read_text() == "x"
    await agents.aclose()


async def test_looking_again(tmp_path: Path) -> None:
    agent(tmp_path)
    agents = agents_in(tmp_path)
    assert list(await agents.all()) == ["scribe"]
    agent(tmp_path, "clerk")
    (tmp_path / "scribe" / "SKILL.md").unlink()
    assert list(await agents.all()) == ["scribe"]
    again = await agents.reload()
    assert {name: each.error for name, each in again.items()} == {
        "clerk": None,
        "scribe": "it has no SKILL.md",
    }
    assert await agents.all() == again
    await agents.aclose()


async def test_the_prompt_is_that_of_now_and_the_policies_are_not(tmp_path: Path) -> None:
    own = agent(tmp_path)
    agents = agents_in(tmp_path)
    assert (await agents.get("scribe")).prompt == "You are a scribe."
    policy = "tool_policies: jot: never_confirm\n---\nYou are bold."
    (own / "SKILL.md").write_text(f"---\ndescription: New.\nmodel: bold:1b\n{policy}")
    now = await agents.get("scribe")
    assert (now.prompt, now.description, now.model) == ("You are bold.", "New.", "bold:1b")
    assert now.tool_policies == {}
    assert (await agents.reload())["scribe"].tool_policies == {"jot": "never_confirm"}
    (own / "SKILL.md").write_text("You are lost.")
    with pytest.raises(AgentInvalid, match="does not begin with"):
        await agents.get("scribe")
    await agents.aclose()


async def test_checking_names(tmp_path: Path) -> None:
    agent(tmp_path)
    agent(tmp_path, "broken", skill="")
    agents = agents_in(tmp_path)
    await agents.check(["scribe", "not_there_yet"])
    with pytest.raises(AgentInvalid) as refused:
        await agents.check(["scribe", "broken"])
    assert refused.value.details == {"agent_name": "broken"}
    await agents.aclose()


async def test_the_texts_of_the_phases_are_read_on_each_use(tmp_path: Path) -> None:
    prompts = agents_in(tmp_path).prompts
    assert (await prompts.planning(), await prompts.execution()) == (PLANNING, EXECUTION)
    (tmp_path / "planning.md").write_text("Plan.\n", "utf-8")
    (tmp_path / "execution.md").write_text(" \n", "utf-8")
    assert (await prompts.planning(), await prompts.execution()) == ("Plan.", EXECUTION)
    (tmp_path / "planning.md").write_bytes(b"\xff")
    (tmp_path / "execution.md").write_text("Act.", "utf-8")
    assert (await prompts.planning(), await prompts.execution()) == (PLANNING, "Act.")
    (tmp_path / "execution.md").unlink()
    (tmp_path / "execution.md").mkdir()
    assert await prompts.execution() == EXECUTION
    (tmp_path / "planning.md").unlink()
    (tmp_path / "planning.md").symlink_to("planning.md")
    assert await prompts.planning() == PLANNING
