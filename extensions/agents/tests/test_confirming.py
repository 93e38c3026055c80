"""Policies of a session, and the calls its agents make."""

from pathlib import Path
from typing import Any

from extensions.agents.tests.folders import agent
from extensions.agents.tests.working import Office, jot, office, roles, task
from extensions.chat.tests.stream import Events, names, reading
from extensions.chat.tests.talking import Rounds, calls, said
from extensions.sessions.session import ToolSettings

NOTE = calls(("jot", {"text": "4 March"}))
DAY = [task(), said("Plan."), NOTE, said("Noted."), said("Done.")]
QUESTION = "tool_call_confirmation_required"


async def answer(place: Office, events: Events, approved: bool) -> dict[str, Any]:
    """Answer the next question."""
    question = await events.until(QUESTION)
    taken = await place.gateway.confirm(question.pop("confirmation_id"), approved)
    assert taken.json()["tool_name"] == question["tool_name"]
    return question


async def test_a_yes_to_the_agent_and_one_to_its_call(tmp_path: Path) -> None:
    tool = jot()
    async with (
        office(Rounds(*DAY), tmp_path, tool, settings=ToolSettings()) as place,
        reading(place.gateway) as events,
    ):
        assert await answer(place, events, True) == {
            "tool_name": "agent",
            "arguments": {"agent": "scribe", "instruction": "Note the date."},
            "call_index": 0,
        }
        assert await answer(place, events, True) == {
            "tool_name": "jot",
            "arguments": {"text": "4 March"},
            "call_index": 0,
            "agent_name": "scribe",
        }
        told = await events.rest()
    assert names(told)[:8] == [
        QUESTION,
        "agent_start",
        "agent_planning",
        QUESTION,
        "agent_tool_call",
        "agent_tool_result",
        "agent_execution",
        "agent_complete",
    ]
    assert tool.ran == [{"text": "4 March"}]


async def test_a_no_to_the_call_of_an_agent(tmp_path: Path) -> None:
    tool = jot()
    policies = ToolSettings(
        execution_policy="never_confirm", tool_policies={"jot": "always_confirm"}
    )
    async with office(Rounds(*DAY), tmp_path, tool, settings=policies) as place:
        async with reading(place.gateway) as events:
            await answer(place, events, False)
            told = await events.rest()
        assert names(told)[:6] == [
            "agent_start",
            "agent_planning",
            QUESTION,
            "agent_tool_result",
            "agent_execution",
            "agent_complete",
        ]
        result = dict(told)["agent_tool_result"]
        denied = "Error: Tool execution denied by user"
        assert (result["success"], result["result"]) == (False, denied)
        assert ("tool", denied) in roles((await place.chat()).messages)
    assert tool.ran == []


async def test_a_no_to_the_agent(tmp_path: Path) -> None:
    async with office(
        Rounds(task(), said("Fine.")), tmp_path, jot(), settings=ToolSettings()
    ) as it:
        async with reading(it.gateway) as events:
            await answer(it, events, False)
            told = await events.rest()
        assert names(told)[:3] == [QUESTION, "tool_result", "tool_continuation_start"]
        assert await it.chats.items() == []


async def test_nothing_in_the_agents_own_file_lets_its_calls_run_unasked(tmp_path: Path) -> None:
    """Its policies are for runs without a session."""
    text = "---\ndescription: Notes.\ntool_policies: jot: never_confirm\n---\nWrite."
    agent(tmp_path / "agents", skill=text)
    tool = jot()
    policies = ToolSettings(tool_policies={"agent": "never_confirm"})
    async with (
        office(Rounds(*DAY), tmp_path, tool, settings=policies) as place,
        reading(place.gateway) as events,
    ):
        await answer(place, events, False)
        await events.rest()
    assert tool.ran == []
