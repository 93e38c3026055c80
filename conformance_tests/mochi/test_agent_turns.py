"""An agent at work in a turn: what it is sent, what is told and what is kept."""

import threading
from pathlib import Path
from typing import Any

import pytest

from conformance_tests.mochi.agentboxes import (
    MOST,
    AgentBox,
    agentbox,
    calling,
    complete,
    put_agent,
    said_in,
)
from conformance_tests.mochi.caller import ACT, PLAN, Caller, call, script
from conformance_tests.mochi.sessions import ID, events_of, names, text_of, whole
from conformance_tests.mochi.toolboxes import UNASKED, named, put_package

PROMPT = ("system", "You are a scribe.")


def asked_of(box: AgentBox, instruction: str) -> list[dict[str, Any]]:
    """What Ollama was asked in the run on this instruction, in its order."""
    return box.caller.about(instruction)


def sent(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["role"], one["content"]) for one in body["messages"]]


def offered(body: dict[str, Any]) -> list[str]:
    return [one["function"]["name"] for one in body.get("tools") or ()]


def test_the_order_of_events(desk: AgentBox) -> None:
    """It begins, plans, calls, says what it did, and is done; neither `tool_call` nor
    `tool_result` is sent for the agent itself."""
    id = desk.enabled()
    instruction = script([call("jot", text="4 March")], plan=2)
    events = desk.run(id, instruction)
    assert names(events) == [
        *["agent_start", "agent_planning", "agent_tool_call", "agent_tool_result"],
        *["agent_execution", "agent_complete", "tool_continuation_start", "content_delta"],
        *["message_complete", "done"],
    ]
    assert named(events, "agent_start") == [{"agent_name": "scribe", "instruction": instruction}]
    assert [list(each) for each in named(events, "agent_planning")] == [["content"]] * 3
    assert text_of(events, "agent_planning") == "word word Planned."
    assert named(events, "agent_tool_call") == [
        {"agent_name": "scribe", "tool_name": "jot", "arguments": {"text": "4 March"}}
    ]
    assert named(events, "agent_tool_result") == [
        {"agent_name": "scribe", "tool_name": "jot", "success": True, "result": "stored"}
    ]
    assert text_of(events, "agent_execution") == "stored"
    assert named(events, "tool_continuation_start") == [
        {"message": "Continuing with 1 tool result."}
    ]
    assert desk.runs().count("4") == 1


def test_the_output(desk: AgentBox) -> None:
    """The id of its chat, then all that was said and done; the model is told the same text."""
    id = desk.enabled()
    message = calling(instruction := script([call("jot", text="ä")], text=1, mark="output"))
    events = events_of(desk.stream(id, message))
    ended = complete(events)
    chat = ended["session_id"]
    assert ID.fullmatch(chat)
    assert ended["agent_name"] == "scribe"
    assert ended["output"].split("\n") == [
        *[f"Session ID: {chat}", "", "Planned.", "word"],
        *['Tool call: jot({"text": "ä"})', "Tool result (jot): stored", "stored"],
    ]
    assert [(one["role"], one["tool_name"]) for one in desk.messages(id)] == [
        *[("user", None), ("assistant", None), ("tool", "agent"), ("assistant", None)]
    ]
    assert desk.tool_messages(id) == [("agent", ended["output"])]
    assert sent(desk.caller.about(message)[-1])[-1] == ("tool", ended["output"])
    assert said_in(desk.chat(chat))[1] == ("user", instruction)


def test_it_plans_without_tools_and_acts_with_its_own(desk: AgentBox) -> None:
    """The prompt of either phase is the last thing that is sent, and the other one is gone."""
    id = desk.enabled(tools=["add"])
    instruction = script([call("jot", text="x")], mark="phases")
    desk.run(id, instruction)
    plan, *acts = asked_of(desk, instruction)
    assert sent(plan) == [PROMPT, ("user", instruction), ("user", PLAN)]
    assert not plan.get("tools")
    assert len(acts) == 2
    told = [PROMPT, ("user", instruction), ("assistant", "Planned.")]
    assert sent(acts[0]) == [*told, ("user", ACT)]
    assert sent(acts[1]) == [*told, ("assistant", ""), ("tool", "stored"), ("user", ACT)]
    assert [offered(body) for body in acts] == [["jot", "nap", "fail"]] * 2


def test_a_model_that_only_announces_gets_a_second_chance(desk: AgentBox) -> None:
    id = desk.enabled()
    instruction = script([], [call("jot", text="second")], text=1)
    events = desk.run(id, instruction)
    assert names(events)[:5] == [
        *["agent_start", "agent_planning", "agent_execution", "agent_tool_call"],
        "agent_tool_result",
    ]
    assert len(asked_of(desk, instruction)) == 4
    assert desk.runs().count("second") == 1


def test_a_plan_that_calls_is_told_that_it_cannot(desk: AgentBox) -> None:
    """Nothing runs while it plans, whatever the model makes of that; the call has its answer."""
    instruction = script([call("jot", text="hasty")], hasty=True)
    events = desk.run(desk.enabled(), instruction)
    assert desk.runs().count("hasty") == 1
    assert len(named(events, "agent_tool_call")) == 1
    _, _, *said = said_in(desk.chat(complete(events)["session_id"]))
    assert [role for role, _ in said] == ["assistant", "tool", "assistant", "tool", "assistant"]
    assert [text for _, text in said[1:4]] == ["Error: Tool 'jot' not found", "", "stored"]
    plan, *acts = asked_of(desk, instruction)
    assert not plan.get("tools")
    assert len(acts) == 2


def test_a_reply_without_calls_after_the_first_is_the_last(desk: AgentBox) -> None:
    id = desk.enabled()
    for instruction, most in (
        (script(mark="none"), 3),
        (script([call("jot", text="x")], mark="one"), 3),
        (script([call("jot", text="x")], [call("jot", text="y")], mark="two"), 4),
    ):
        desk.run(id, instruction)
        assert len(asked_of(desk, instruction)) == most


def test_an_agent_without_an_end_is_stopped(desk: AgentBox) -> None:
    """Planning does not count; the output says so, and the conversation goes on."""
    id = desk.enabled()
    instruction = script([call("jot", text="endless")], endless=True)
    message = calling(instruction)
    events = events_of(desk.stream(id, message))
    assert names(events)[-1] == "done"
    assert len(named(events, "message_complete")) == 1
    assert len(asked_of(desk, instruction)) == MOST + 1
    assert len(named(events, "agent_tool_call")) == MOST
    output = complete(events)["output"]
    assert output.split("\n")[-1] == f"Warning: stopped after {MOST} iterations."
    assert sent(desk.caller.about(message)[-1])[-1] == ("tool", output)
    assert desk.runs().count("endless") == MOST


@pytest.mark.parametrize("name", ["nobody", "clerk", "", "SCRIBE", "../scribe", "agent_chats"])
def test_an_agent_that_cannot_be_called(desk: AgentBox, name: str) -> None:
    """Because there is none, or because the session does not enable it: no event of an agent."""
    id, chats = desk.enabled("scribe"), len(desk.chats())
    events = events_of(desk.stream(id, calling(script(), name)))
    assert not [event for event in events if event.name.startswith("agent_")]
    (result,) = named(events, "tool_result")
    assert result["success"] is False
    assert result["error_message"] == f"Agent '{name}' not found"
    assert result["result"] == f"Error: Agent '{name}' not found"
    assert names(events)[-2:] == ["message_complete", "done"]
    assert len(desk.chats()) == chats


@pytest.mark.parametrize(
    "arguments",
    [{}, {"agent": "scribe"}, {"agent": "scribe", "instruction": None}, {"agent": ["scribe"]}],
    ids=str,
)
def test_arguments_that_do_not_fit(desk: AgentBox, arguments: dict[str, Any]) -> None:
    events = events_of(desk.stream(desk.enabled(), script([call("agent", **arguments)])))
    assert not named(events, "agent_start")
    (result,) = named(events, "tool_result")
    assert result["error_message"].startswith("Invalid arguments for tool 'agent': ")


def test_the_tool_tells_which_agents_there_are(desk: AgentBox) -> None:
    """Those that are enabled and valid, with what they are for; one more is told of at once."""
    id = desk.enabled("scribe", "nobody", tools=["add"])

    def told(mark: str) -> dict[str, Any]:
        desk.say(id, mark)
        tools = desk.caller.about(mark)[-1]["tools"]
        assert [one["function"]["name"] for one in tools] == ["add", "agent"]
        function: dict[str, Any] = tools[-1]["function"]
        return function

    first = told("Which?")
    assert "scribe: Keeps notes." in first["description"]
    assert "clerk" not in first["description"]
    assert "nobody" not in first["description"]
    assert first["parameters"]["required"] == ["agent", "instruction"]
    assert list(first["parameters"]["properties"]) == ["agent", "instruction", "session_id"]
    enabled = {"agent_settings": {"enabled_agents": ["scribe", "clerk"]}}
    assert desk.http.request("PATCH", f"/sessions/{id}", enabled).status == 200
    assert "clerk: Files things: all of them." in told("And now?")["description"]


def test_no_agent_no_tool(desk: AgentBox) -> None:
    for number, agents in enumerate(([], ["nobody"])):
        id = desk.begin(agent_settings={"enabled_agents": agents}, tool_settings=UNASKED)
        mark = f"No tool {number}."
        desk.say(id, mark)
        assert not desk.caller.about(mark)[-1].get("tools")


def test_agents_call_their_own_tools_alone(desk: AgentBox) -> None:
    """Neither those of the session nor other agents: one agent deep is as deep as it gets."""
    id = desk.enabled("scribe", "clerk", tools=["add"])
    inner = {"agent": "clerk", "instruction": script()}
    instruction = script([call("add", a=1), call("agent", **inner), call("jot", text="own")])
    events = desk.run(id, instruction)
    assert [(one["tool_name"], one["success"]) for one in named(events, "agent_tool_result")] == [
        *[("add", False), ("agent", False), ("jot", True)]
    ]
    assert named(events, "agent_tool_result")[1]["result"] == "Error: Tool 'agent' not found"
    assert len(named(events, "agent_start")) == 1


def test_a_failing_tool_is_told_to_the_agent(desk: AgentBox) -> None:
    id = desk.enabled()
    instruction = script([call("fail", why="no ink"), call("jot")])
    events = desk.run(id, instruction)
    first, second = named(events, "agent_tool_result")
    assert (first["success"], first["result"]) == (False, "Error: Tool 'fail' failed: no ink")
    assert second["result"].startswith("Error: Invalid arguments for tool 'jot': ")
    assert sent(asked_of(desk, instruction)[-1])[-3:-1] == [
        ("tool", first["result"]),
        ("tool", second["result"]),
    ]
    assert f"Tool result (fail): {first['result']}" in complete(events)["output"]


def test_an_answer_in_one_piece(desk: AgentBox) -> None:
    id = desk.enabled()
    found = whole(desk.say(id, calling(script([call("jot", text="whole")]))))
    (executed,) = found["tool_calls_executed"]
    assert (executed["name"], executed["success"]) == ("agent", True)
    assert executed["arguments"]["agent"] == "scribe"
    assert found["message"]["content"].startswith("Session ID: ")
    assert "stored" in found["message"]["content"]


def test_several_agents_in_one_reply(desk: AgentBox) -> None:
    """One after the other, each in a chat of its own."""
    id = desk.enabled("scribe", "clerk")
    calls = [
        call("agent", agent=agent, instruction=script([call("jot", text=agent)]))
        for agent in ("scribe", "clerk")
    ]
    events = events_of(desk.stream(id, script(calls)))
    work = ["agent_start", "agent_planning", "agent_tool_call", "agent_tool_result"]
    one = [*work, "agent_execution", "agent_complete"]
    assert names(events)[:12] == [*one, *one]
    ended = named(events, "agent_complete")
    assert [each["agent_name"] for each in ended] == ["scribe", "clerk"]
    assert len({each["session_id"] for each in ended}) == 2
    assert [name for name, _ in desk.tool_messages(id)] == ["agent", "agent"]


def test_two_agents_at_once(desk: AgentBox) -> None:
    """In two sessions: neither waits for the other, and nothing is mixed up."""
    ids = [desk.enabled("scribe", "clerk") for _ in range(2)]
    told: dict[str, Any] = {}

    def work(id: str, agent: str) -> None:
        calls = [call("nap", seconds=0.4, mark=agent), call("jot", text=agent)]
        told[agent] = desk.run(id, script(calls, plan=3, mark=agent), agent)

    both = [
        threading.Thread(target=work, args=pair)
        for pair in zip(ids, ("scribe", "clerk"), strict=True)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    for agent, events in told.items():
        assert complete(events)["agent_name"] == agent
        assert {each["agent_name"] for each in named(events, "agent_tool_call")} == {agent}
        chat = desk.chat(complete(events)["session_id"])
        assert said_in(chat)[0] == ("system", f"You are a {agent}.")
        assert [one["content"] for one in chat["messages"] if one["role"] == "tool"] == [
            *["rested", "stored"]
        ]


def test_a_tool_of_the_name_agent_gives_way(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    put_agent(tmp_path / "agents", "scribe")
    (tmp_path / "tools").mkdir()
    source = '__all__ = ["agent"]\ndef agent(agent: str, instruction: str) -> str:\n    "No."'
    put_package(tmp_path / "tools", "sly", source)
    with agentbox(caller, tmp_path) as box:
        id = box.enabled(tools=["agent"])
        assert complete(box.run(id, script()))["agent_name"] == "scribe"
