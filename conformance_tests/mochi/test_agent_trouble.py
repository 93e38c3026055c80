"""Agents whose model fails, and clients that leave while an agent is at work."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance_tests.mochi.agentboxes import (
    AgentBox,
    agentbox,
    calling,
    complete,
    put_agent,
    said_in,
)
from conformance_tests.mochi.caller import ACT, BROKEN, PLAN, Caller, call, script
from conformance_tests.mochi.sessions import events_of, names, refusal
from conformance_tests.mochi.test_tool_leaving import well_formed
from conformance_tests.mochi.toolboxes import CONFIRM, asked, children, events_in, soon

DENIED = "Error: Tool execution denied by user"


def broken(phase: str) -> str:
    return script([call("jot", text="before")], plan=2, then=2, breaks=phase, mark="broken")


@pytest.mark.parametrize("phase", ["plan", "act"])
def test_a_failing_ollama(desk: AgentBox, phase: str) -> None:
    """What exists is kept, `agent_complete` ends with the error, the model is told, and the
    conversation goes on."""
    id = desk.enabled()
    message = calling(broken(phase))
    events = events_of(desk.stream(id, message))
    assert names(events)[-2:] == ["message_complete", "done"]
    ended = complete(events)
    lines = ended["output"].split("\n")
    assert lines[0] == f"Session ID: {ended['session_id']}"
    assert BROKEN in lines[-1]
    assert lines[2] == ("word word" if phase == "plan" else "word word Planned.")
    assert desk.tool_messages(id) == [("agent", ended["output"])]
    kept = said_in(desk.chat(ended["session_id"]))
    if phase == "plan":
        assert [text.strip() for _, text in kept[2:]] == ["word word"]
    else:
        assert [role for role, _ in kept[2:]] == ["assistant", "assistant", "tool", "assistant"]
        assert kept[-1] == ("assistant", "word word ")
    assert all(PLAN not in text and ACT not in text for _, text in kept)
    well_formed(desk, id)


@pytest.mark.parametrize("phase", ["plan", "act"])
def test_a_failing_ollama_in_one_piece(desk: AgentBox, phase: str) -> None:
    """The call counts as one without success."""
    id = desk.enabled()
    answer = desk.say(id, calling(broken(phase)))
    assert answer.status == 200
    assert [one["success"] for one in answer.json["tool_calls_executed"]] == [False]
    well_formed(desk, id)


def test_a_chat_that_failed_goes_on(desk: AgentBox) -> None:
    """Its history is in order: every question has its answer by then."""
    id = desk.enabled()
    for phase in ("plan", "act"):
        chat = complete(desk.run(id, broken(phase)))["session_id"]
        ended = complete(desk.run(id, script([call("jot", text="x")]), session_id=chat))
        assert ended["session_id"] == chat
        assert ended["output"].endswith("stored")
        assert "Tool result (jot): stored" in ended["output"]


def left(box: AgentBox, id: str, instruction: str, until: str, seconds: float = 0) -> str:
    """Leave a turn at the first event of this name, or a while later; the chat of the agent."""
    with box.watch(id, calling(instruction)) as live:
        next(event for event in events_in(live) if event.name == until)
        time.sleep(seconds)
    assert soon(lambda: len(box.messages(id)) == 3)
    assert [role for role, _ in box.said(id)] == ["user", "assistant", "tool"]
    chat: str = box.chats()[0]["session_id"]
    return chat


def in_order(box: AgentBox, id: str, chat: str) -> None:
    """Neither history is broken: both go on."""
    well_formed(box, id)
    ended = complete(box.run(id, script([call("jot", text="on")]), session_id=chat))
    assert ended["session_id"] == chat
    assert ended["output"].endswith("stored")


def test_leaving_while_it_plans(desk: AgentBox) -> None:
    """Ollama is asked no more; the partial plan stays, and the call has an answer."""
    id = desk.enabled()
    instruction = script([call("jot", text="unplanned")], plan=150, mark="left planning")
    chat = left(desk, id, instruction, "agent_planning")
    *_, asked_for, partial = said_in(desk.chat(chat))
    assert asked_for == ("user", instruction)
    assert partial[0] == "assistant"
    assert partial[1].startswith("word ")
    assert "Planned." not in partial[1]
    assert len(desk.caller.about(instruction)) == 1
    ((_, told),) = desk.tool_messages(id)
    assert told.startswith(f"Session ID: {chat}")
    assert "unplanned" not in desk.runs()
    in_order(desk, id, chat)


def test_leaving_while_it_says_what_it_does(desk: AgentBox) -> None:
    id = desk.enabled()
    instruction = script([call("jot", text="unacted")], text=150, mark="left acting")
    chat = left(desk, id, instruction, "agent_execution")
    *_, plan, partial = said_in(desk.chat(chat))
    assert plan == ("assistant", "Planned.")
    assert partial[1].startswith("word ")
    assert len(desk.caller.about(instruction)) == 2
    assert "unacted" not in desk.runs()
    in_order(desk, id, chat)


def test_leaving_while_its_tool_runs(desk: AgentBox) -> None:
    """It finishes, its result is kept; what would have come after it is denied."""
    id = desk.enabled()
    calls = [call("nap", seconds=0.6, mark="finished"), call("jot", text="unbegun")]
    instruction = script(calls, mark="left napping")
    chat = left(desk, id, instruction, "agent_tool_call", 0.1)
    assert soon(lambda: len(said_in(desk.chat(chat))) == 6)
    assert said_in(desk.chat(chat))[-2:] == [("tool", "rested"), ("tool", DENIED)]
    assert "finished" in desk.runs()
    assert "unbegun" not in desk.runs()
    assert len(desk.caller.about(instruction)) == 2
    in_order(desk, id, chat)


def test_leaving_while_it_asks(desk: AgentBox) -> None:
    """The answer is no, and the id is dead."""
    policies = {"agent": "never_confirm", "jot": "always_confirm"}
    id = desk.enabled(execution_policy="always_confirm", tool_policies=policies)
    instruction = script([call("jot", text="unasked"), call("jot", text="either")])
    with desk.watch(id, calling(instruction)) as live:
        question = asked(events_in(live))["confirmation_id"]
    assert soon(lambda: len(desk.messages(id)) == 3)
    assert refusal(desk.confirm(id, question, True)) == (404, "CONFIRMATION_NOT_FOUND")
    chat = desk.chats()[0]["session_id"]
    assert said_in(desk.chat(chat))[-2:] == [("tool", DENIED), ("tool", DENIED)]
    assert not {"unasked", "either"} & set(desk.runs())
    well_formed(desk, id)


def test_a_session_that_is_deleted_while_its_agent_works(desk: AgentBox) -> None:
    """The stream ends, the agent's chat stays as far as it came, and no file comes back."""
    id = desk.enabled()
    with desk.watch(id, calling(script(plan=150, mark="deleted"))) as live:
        events = events_in(live)
        next(event for event in events if event.name == "agent_planning")
        assert desk.http.request("DELETE", f"/sessions/{id}").status == 204
        assert [event.name for event in events][-2:] == ["error", "done"]
    time.sleep(0.2)
    assert not desk.path(id).exists()
    assert said_in(desk.last_chat())[-1][1].startswith("word ")


def test_two_turns_want_one_chat(desk: AgentBox) -> None:
    """The second waits until the first is done, and sees all of it."""
    first, second = desk.enabled(), desk.enabled()
    chat = complete(desk.run(first, script(mark="shared")))["session_id"]
    slow = script([call("nap", seconds=0.5, mark="slow")], mark="slow")
    with desk.watch(first, calling(slow, session_id=chat)) as live:
        events = events_in(live)
        next(event for event in events if event.name == "agent_tool_call")
        quick = script(mark="quick")
        ended = complete(desk.run(second, quick, session_id=chat))
        assert [event.name for event in events][-1] == "done"
    assert ended["session_id"] == chat
    said = [text for role, text in said_in(desk.chat(chat)) if role == "user"]
    assert said[-2:] == [slow, quick]
    roles = [role for role, _ in said_in(desk.chat(chat))]
    assert roles.index("tool") < len(roles) - 4


def spoiled(folder: Path, chat: str) -> None:
    (folder / f"{chat}.json").write_text("{")


def of_the_future(folder: Path, chat: str) -> None:
    path = folder / f"{chat}.json"
    found = json.loads(path.read_bytes())
    found["metadata"]["format_version"] = "9.0"
    path.write_text(json.dumps(found))


@pytest.mark.parametrize("harm", [spoiled, of_the_future])
def test_a_chat_that_cannot_be_continued(desk: AgentBox, harm: Callable[[Path, str], None]) -> None:
    """It is left as it is, and the agent begins anew."""
    id, folder = desk.enabled(), desk.data / "agents" / "agent_chats"
    chat = complete(desk.run(id, script()))["session_id"]
    harm(folder, chat)
    before = (folder / f"{chat}.json").read_bytes()
    other = complete(desk.run(id, script(), session_id=chat))["session_id"]
    assert other != chat
    assert (folder / f"{chat}.json").read_bytes() == before
    (folder / f"{chat}.json").unlink()


def test_many_that_leave(desk: AgentBox) -> None:
    """At any moment of the work, in the same session and the same chat."""
    policies: dict[str, Any] = {"jot": "always_confirm"}
    id = desk.enabled(tool_policies=policies)
    chat = complete(desk.run(id, script()))["session_id"]
    calls = [call("nap", seconds=0.03), call("jot", text="many")]
    instruction = script(calls, plan=1, text=1, spread=True)
    for number in range(30):
        with desk.watch(id, calling(instruction, session_id=chat)) as live:
            for event, _ in zip(events_in(live), range(1 + number % 7), strict=False):
                if event.name == CONFIRM:
                    break
            time.sleep(number % 7 / 500)
    assert "many" not in desk.runs()
    well_formed(desk, id)
    events = desk.told(id, calling(script(), session_id=chat))
    assert complete(events)["session_id"] == chat
    due = 0
    for message in desk.chat(chat)["messages"]:
        due += len(message["tool_calls"] or ()) - (message["role"] == "tool")
        assert due >= 0
    assert due == 0


def test_the_process_of_the_tools_is_gone_with_the_gateway(caller: Caller, tmp_path: Path) -> None:
    """Whatever it was doing."""
    (tmp_path / "agents").mkdir()
    put_agent(tmp_path / "agents", "scribe")
    with agentbox(caller, tmp_path) as box:
        assert not children(box.pid)
        id = box.enabled()
        assert len(children(box.pid)) >= 1
        with box.watch(id, calling(script([call("nap", seconds=30)]))) as live:
            next(event for event in events_in(live) if event.name == "agent_tool_call")
            begun = children(box.pid)
    assert soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in begun))
