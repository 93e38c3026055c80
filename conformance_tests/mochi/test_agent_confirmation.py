"""Who says whether an agent, and the tools of an agent, may run."""

from typing import Any

import pytest

from conformance_tests.mochi.agentboxes import AgentBox, calling, complete, said_in
from conformance_tests.mochi.caller import call, script
from conformance_tests.mochi.sessions import names, refusal, whole
from conformance_tests.mochi.toolboxes import CONFIRM, asked, events_in, named

DENIED = "Error: Tool execution denied by user"
AGENT_RUNS: dict[str, Any] = {
    "execution_policy": "always_confirm",
    "tool_policies": {"agent": "never_confirm"},
}


@pytest.mark.parametrize("approve", [True, False], ids=["approved", "denied"])
def test_a_call_of_an_agent(desk: AgentBox, approve: bool) -> None:
    """The question names the agent, and comes before all that is told of the call."""
    id = desk.enabled(**AGENT_RUNS)
    mark = f"within-{approve}"
    instruction = script([call("jot", text=mark)])
    events = desk.told(id, calling(instruction), approve=approve)
    assert names(events) == [
        *["agent_start", "agent_planning", CONFIRM, *["agent_tool_call"] * approve],
        *["agent_tool_result", "agent_execution", "agent_complete", "tool_continuation_start"],
        *["content_delta", "message_complete", "done"],
    ]
    (question,) = named(events, CONFIRM)
    assert question["agent_name"] == "scribe"
    assert question["tool_name"] == "jot"
    assert question["arguments"] == {"text": mark}
    assert question["confirmation_id"].startswith("conf_")
    (result,) = named(events, "agent_tool_result")
    assert (result["success"], result["result"]) == (approve, "stored" if approve else DENIED)
    assert desk.runs().count(mark) == approve
    chat = desk.chat(complete(events)["session_id"])
    assert ("tool", result["result"]) in said_in(chat)


@pytest.mark.parametrize("approve", [True, False], ids=["approved", "denied"])
def test_the_agent_itself(desk: AgentBox, approve: bool) -> None:
    """By the policy for the name `agent`; without a yes there is no event of an agent."""
    id = desk.enabled(execution_policy="always_confirm", tool_policies={"jot": "never_confirm"})
    instruction = script([call("jot", text=f"itself-{approve}")])
    events = desk.told(id, calling(instruction), approve=approve)
    question = events[0].data
    assert (question["tool_name"], question["arguments"]["agent"]) == ("agent", "scribe")
    assert "agent_name" not in question
    assert desk.runs().count(f"itself-{approve}") == approve
    if approve:
        assert names(events)[1:3] == ["agent_start", "agent_planning"]
    else:
        assert desk.tool_messages(id) == [("agent", DENIED)]
        assert not desk.caller.about(instruction)


def test_the_policies_are_those_of_the_session(desk: AgentBox) -> None:
    """The agent's own hold where there is no session: there `jot` would run, and `nap` not."""
    policies = {"agent": "never_confirm", "nap": "never_confirm", "jot": "always_confirm"}
    id = desk.enabled(tool_policies=policies)
    calls = [call("nap", seconds=0, mark="napped"), call("jot", text="asked")]
    events = desk.told(id, calling(script(calls)), approve=False)
    assert [each["tool_name"] for each in named(events, CONFIRM)] == ["jot"]
    assert "napped" in desk.runs()
    assert "asked" not in desk.runs()


def test_an_answer_belongs_to_its_session_and_counts_once(desk: AgentBox) -> None:
    id, other = desk.enabled(**AGENT_RUNS), desk.enabled(**AGENT_RUNS)
    with desk.watch(id, calling(script([call("jot", text="bound")]))) as live:
        events = events_in(live)
        question = asked(events)["confirmation_id"]
        assert refusal(desk.confirm(other, question, True)) == (404, "CONFIRMATION_NOT_FOUND")
        chat = desk.chats()[0]["session_id"]
        assert refusal(desk.confirm(chat, question, True))[0] == 404
        assert "bound" not in desk.runs()
        answer = desk.confirm(id, question, True)
        assert (answer.status, answer.json["tool_name"]) == (200, "jot")
        assert refusal(desk.confirm(id, question, True)) == (404, "CONFIRMATION_NOT_FOUND")
        assert [event.name for event in events][-1] == "done"
    assert desk.runs().count("bound") == 1


def test_an_answer_in_one_piece_asks_nobody(desk: AgentBox) -> None:
    """An agent that needs a yes is refused as every tool is; what it calls within its work is
    denied in words, because it has kept and done things already."""
    id = desk.enabled(execution_policy="always_confirm")
    answer = desk.say(id, calling(instruction := script([call("jot", text="piece")])))
    assert refusal(answer) == (403, "TOOL_EXECUTION_DENIED")
    assert not desk.caller.about(instruction)
    id = desk.enabled(**AGENT_RUNS)
    found = whole(desk.say(id, calling(instruction)))
    assert [one["name"] for one in found["tool_calls_executed"]] == ["agent"]
    ((_, output),) = desk.tool_messages(id)
    assert "Tool result (jot): Error: " in output
    assert "piece" not in desk.runs()
