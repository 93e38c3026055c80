"""An agent at work for a session, seen from a stream, from the files and from Ollama."""

from pathlib import Path
from typing import Any

import pytest

from extensions.agents.prompts import EXECUTION, PLANNING
from extensions.agents.tests.folders import agent
from extensions.agents.tests.working import asking, jot, office, roles, task
from extensions.agents.transcript import LEFT_OUT
from extensions.chat.tests.stream import names
from extensions.chat.tests.talking import Rounds, calls, said
from extensions.sessions.session import ToolSettings
from extensions.tests.serving import refusal
from extensions.tests.toolbox import AsyncTool
from gateway.core.errors import BackendFailed
from gateway.core.events import TextDelta

NOTE = calls(("jot", {"text": "4 March"}))
WORK = [said("I will call jot once."), NOTE, said("The date is noted.")]
DAY = [task(), *WORK, said("Done.")]


async def test_the_events_of_an_agent(tmp_path: Path) -> None:
    async with office(Rounds(*DAY), tmp_path, jot()) as place:
        told = await place.told()
        id = (await place.chat()).id
    output = (
        f"Session ID: {id}\n\n"
        "I will call jot once.\n"
        'Tool call: jot({"text": "4 March"})\n'
        "Tool result (jot): stored\n"
        "The date is noted."
    )
    jotted = {"agent_name": "scribe", "tool_name": "jot"}
    assert told[:8] == [
        ("agent_start", {"agent_name": "scribe", "instruction": "Note the date."}),
        ("agent_planning", {"content": "I will call jot once."}),
        ("agent_tool_call", {**jotted, "arguments": {"text": "4 March"}}),
        ("agent_tool_result", {**jotted, "success": True, "result": "stored"}),
        ("agent_execution", {"content": "The date is noted."}),
        ("agent_complete", {"agent_name": "scribe", "session_id": id, "output": output}),
        ("tool_continuation_start", {"message": "Continuing with 1 tool result."}),
        ("content_delta", {"content": "Done.", "role": "assistant"}),
    ]
    assert names(told)[8:] == ["message_complete", "done"]


async def test_what_is_kept_of_it(tmp_path: Path) -> None:
    async with office(Rounds(*DAY), tmp_path, jot()) as place:
        told = dict(await place.told())
        chat = await place.chat()
        assert roles(chat.messages) == [
            ("system", "You are a scribe."),
            ("user", "Note the date."),
            ("assistant", "I will call jot once."),
            ("assistant", '[jot {"text": "4 March"}]'),
            ("tool", "stored"),
            ("assistant", "The date is noted."),
        ]
        call = '[agent {"agent": "scribe", "instruction": "Note the date."}]'
        assert roles(await place.main()) == [
            ("user", "Hi"),
            ("assistant", call),
            ("tool", told["agent_complete"]["output"]),
            ("assistant", "Done."),
        ]
        for text in (place.text(chat.id), str(await place.main())):
            assert PLANNING[:20] not in text
            assert EXECUTION[:20] not in text


async def test_what_ollama_is_asked(tmp_path: Path) -> None:
    """The plan without tools, the work with the agent's alone, each with the text of its phase."""
    backend = Rounds(*DAY)
    async with office(backend, tmp_path, jot()) as place:
        (tmp_path / "planning.md").write_text("Plan now.")
        await place.told()
    main, plan, first, second, last = backend.requests
    assert [asking(each) for each in (plan, first, second)] == [
        ("Plan now.", False),
        (EXECUTION, True),
        (EXECUTION, True),
    ]
    assert [tool.name for tool in first.tools] == ["jot"]
    assert [tool.name for tool in main.tools] == [tool.name for tool in last.tools] == ["agent"]
    assert [len(each.messages) for each in (plan, first, second)] == [3, 4, 6]
    assert {each.context_length for each in backend.requests} == {8192}


async def test_who_only_announces_is_asked_once_more(tmp_path: Path) -> None:
    script = [task(), said("Plan."), said("I will."), NOTE, said("Noted."), said("Done.")]
    async with office(Rounds(*script), tmp_path, jot()) as place:
        told = await place.told()
        assert names(told)[:6] == [
            "agent_start",
            "agent_planning",
            "agent_execution",
            "agent_tool_call",
            "agent_tool_result",
            "agent_execution",
        ]
        assert [text for _, text in roles((await place.chat()).messages)][2:4] == [
            "Plan.",
            "I will.",
        ]


async def test_who_announces_twice_is_done(tmp_path: Path) -> None:
    backend = Rounds(task(), said("Plan."), said("I will."), said("Really."), said("Done."))
    async with office(backend, tmp_path, jot()) as place:
        output = dict(await place.told())["agent_complete"]["output"]
    assert output.endswith("\n\nPlan.\nI will.\nReally.")


async def test_who_never_stops_is_stopped(tmp_path: Path) -> None:
    backend = Rounds(task(), said("Plan."), NOTE, NOTE, NOTE, said("So be it."))
    async with office(backend, tmp_path, jot(), most=3) as place:
        told = await place.told()
        assert names(told).count("agent_tool_result") == 3
        output = dict(told)["agent_complete"]["output"]
        assert output.endswith("Tool result (jot): stored\nWarning: stopped after 3 iterations.")
        assert names(told)[-2:] == ["message_complete", "done"]
        assert roles((await place.chat()).messages)[-1] == ("tool", "stored")
    assert len(backend.requests) == 6


async def test_of_much_work_the_begin_and_the_end_are_told(tmp_path: Path) -> None:
    async def read(text: str) -> str:
        return "é" * 30_000

    backend = Rounds(task(), said("Plan."), NOTE, NOTE, NOTE, said("Read."), said("Done."))
    async with office(backend, tmp_path, AsyncTool("jot", read)) as place:
        output = dict(await place.told())["agent_complete"]["output"]
        chat = await place.chat()
        assert roles(await place.main())[2] == ("tool", output)
    assert output.startswith(f"Session ID: {chat.id}\n\nPlan.\nTool call: jot(")
    assert output.endswith("ééé\nRead.")
    assert output.count(LEFT_OUT) == 1
    assert 64 * 1024 < len(output.encode()) < 65 * 1024
    assert [len(text) for role, text in roles(chat.messages) if role == "tool"] == [30_000] * 3


async def test_a_call_while_it_plans_is_not_run(tmp_path: Path) -> None:
    tool = jot()
    backend = Rounds(task(), NOTE, said("A."), said("B."), said("Done."))
    async with office(backend, tmp_path, tool) as place:
        told = await place.told()
    assert tool.ran == []
    assert "agent_tool_call" not in names(told)


async def test_an_agent_has_no_tools_but_its_own(tmp_path: Path) -> None:
    again = task("And again.")
    backend = Rounds(task(), said("Plan."), again, said("Noted."), said("Done."))
    async with office(backend, tmp_path, jot()) as place:
        told = await place.told()
    result = dict(told)["agent_tool_result"]
    assert result["result"] == "Error: Tool 'agent' not found"
    assert names(told).count("agent_start") == 1


async def test_a_failing_ollama_ends_the_work_and_not_the_conversation(tmp_path: Path) -> None:
    failing: list[Any] = [[TextDelta("I beg")], BackendFailed("Ollama failed: out of memory.")]
    for script, kept in (
        ([task(), failing, said("Oh.")], ["I beg"]),
        ([task(), said("Plan."), NOTE, failing, said("Oh.")], ["Plan.", "", "stored", "I beg"]),
    ):
        folder = tmp_path / str(len(kept))
        async with office(Rounds(*script), folder, jot()) as place:
            told = await place.told()
            assert names(told)[-4:] == [
                "tool_continuation_start",
                "content_delta",
                "message_complete",
                "done",
            ]
            complete = dict(told)["agent_complete"]
            assert complete["output"].endswith("I beg\nError: Ollama failed: out of memory.")
            assert roles(await place.main())[2] == ("tool", complete["output"])
            chat = await place.chat()
            assert [message.content for message in chat.messages[2:]] == kept


async def test_without_ollama_there_is_an_end_too(tmp_path: Path) -> None:
    failed: list[Any] = [BackendFailed("Ollama failed.")]
    async with office(Rounds(task(), failed, said("Oh.")), tmp_path, jot()) as place:
        told = await place.told()
        complete = dict(told)["agent_complete"]
        assert (
            complete["output"] == f"Session ID: {complete['session_id']}\n\nError: Ollama failed."
        )
        assert names(told)[:2] == ["agent_start", "agent_complete"]


async def test_work_that_failed_counts_as_a_failed_call(tmp_path: Path) -> None:
    failed: list[Any] = [BackendFailed("Ollama failed.")]
    async with office(Rounds(task(), failed, said("Oh.")), tmp_path, jot()) as place:
        [call] = (await place.gateway.chat()).json()["tool_calls_executed"]
        assert (call["name"], call["success"]) == ("agent", False)


@pytest.mark.parametrize(
    ("arguments", "said_of_it"),
    [
        ({"agent": "nobody", "instruction": "Go."}, "Agent 'nobody' not found"),
        ({"agent": "clerk", "instruction": "Go."}, "Agent 'clerk' not found"),
        (
            {"agent": "broken", "instruction": "Go."},
            "The agent 'broken' is not valid: its SKILL.md does not begin with a line '---'.",
        ),
        ({"agent": "scribe"}, "Invalid arguments for tool 'agent': "),
        ({"agent": "scribe", "instruction": ""}, "Invalid arguments for tool 'agent': "),
        ({"agent": "scribe", "instruction": "Go.", "mood": 1}, "Invalid arguments for tool"),
        ({"agent": 1, "instruction": "Go."}, "Invalid arguments for tool 'agent': "),
    ],
)
async def test_what_no_agent_can_take(
    tmp_path: Path, arguments: dict[str, Any], said_of_it: str
) -> None:
    agent(tmp_path / "agents", "clerk")
    agent(tmp_path / "agents", "broken", skill="Nothing.")
    backend = Rounds(calls(("agent", arguments)), said("Oh."))
    async with office(backend, tmp_path, jot(), enabled=("scribe", "broken")) as place:
        told = await place.told()
        assert names(told) == [
            "tool_result",
            "tool_continuation_start",
            "content_delta",
            "message_complete",
            "done",
        ]
        result = dict(told)["tool_result"]
        assert not result["success"]
        assert result["error_message"].startswith(said_of_it)
        assert result["result"] == f"Error: {result['error_message']}"
        assert await place.chats.items() == []


async def test_an_answer_that_comes_as_a_whole(tmp_path: Path) -> None:
    async with office(Rounds(*DAY), tmp_path, jot()) as place:
        answer = (await place.gateway.chat()).json()
        assert answer["message"]["content"] == "Done."
        [call] = answer["tool_calls_executed"]
        assert (call["name"], call["success"]) == ("agent", True)


async def test_a_whole_answer_may_not_call_an_agent_that_needs_a_yes(tmp_path: Path) -> None:
    async with office(Rounds(*DAY), tmp_path, jot(), settings=ToolSettings()) as place:
        assert refusal(await place.gateway.chat()) == (
            403,
            "TOOL_EXECUTION_DENIED",
            {"tool_name": "agent", "reason": "confirmation_requires_streaming"},
        )
        assert await place.chats.items() == []


async def test_in_a_whole_answer_the_agent_is_told_that_nobody_can_be_asked(tmp_path: Path) -> None:
    tool = jot()
    freely = ToolSettings(tool_policies={"agent": "never_confirm"})
    async with office(Rounds(*DAY), tmp_path, tool, settings=freely) as place:
        answer = await place.gateway.chat()
        assert answer.json()["message"]["content"] == "Done."
        assert tool.ran == []
        denied = [text for role, text in roles((await place.chat()).messages) if role == "tool"]
        assert denied == [
            "Error: This tool needs a person's confirmation, and nobody can be asked here"
        ]
