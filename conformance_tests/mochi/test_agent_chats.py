"""The chats of agents: what is kept of a run, what never is, and how they go on."""

from pathlib import Path

import pytest

from conformance_tests.mochi.agentboxes import (
    AgentBox,
    agentbox,
    calling,
    complete,
    put_agent,
    said_in,
    skill,
)
from conformance_tests.mochi.caller import ACT, NOWHERE, PLAN, Caller, call, script
from conformance_tests.mochi.sessions import ID, events_of
from conformance_tests.mochi.test_agent_turns import PROMPT, asked_of, sent
from conformance_tests.mochi.toolboxes import named


def test_the_prompts_are_never_stored(desk: AgentBox) -> None:
    id = desk.enabled()
    instruction = script([call("jot", text="x")], mark="never stored")
    chat = complete(desk.run(id, instruction))["session_id"]
    kept = [PROMPT, ("user", instruction), ("assistant", "Planned."), ("assistant", "")]
    assert said_in(desk.chat(chat)) == [*kept, ("tool", "stored"), ("assistant", "stored")]
    for path in desk.data.rglob("*.json"):
        assert PLAN not in path.read_text("utf-8")
        assert ACT not in path.read_text("utf-8")


def test_built_in_prompts(caller: Caller, tmp_path: Path) -> None:
    """Without files, or with empty ones, two texts are sent that nobody had to write."""
    (tmp_path / "empty.md").write_text(" \n")
    (tmp_path / "agents").mkdir()
    put_agent(tmp_path / "agents", "scribe")
    settings = {
        "MOCHI_PLANNING_PROMPT_PATH": str(tmp_path / "empty.md"),
        "MOCHI_EXECUTION_PROMPT_PATH": str(tmp_path / "none.md"),
    }
    with agentbox(caller, tmp_path, **settings) as box:
        chat = complete(box.run(box.enabled(), "Built in?"))["session_id"]
        prompts = {sent(body)[-1] for body in asked_of(box, "Built in?")}
        assert len(prompts) == 2
        assert all(role == "user" and len(text) > 80 for role, text in prompts)
        assert not prompts & set(said_in(box.chat(chat)))
        (tmp_path / "none.md").write_text("Now there is one.")
        box.run(box.enabled(), "Not any more.")
        assert sent(asked_of(box, "Not any more.")[-1])[-1] == ("user", "Now there is one.")


def test_a_chat_goes_on_by_its_id(desk: AgentBox) -> None:
    id = desk.enabled()
    first, second = script(mark="goes"), script(mark="on")
    chat = complete(desk.run(id, first))["session_id"]
    events = desk.run(id, second, session_id=chat)
    assert complete(events)["session_id"] == chat
    plan, *_ = asked_of(desk, second)
    assert sent(plan)[:2] == [PROMPT, ("user", first)]
    assert sent(plan)[-2:] == [("user", second), ("user", PLAN)]
    output = complete(events)["output"]
    assert output.count("Planned.") == 1  # what was said before is not told again
    roles = [role for role, _ in said_in(desk.chat(chat))]
    assert roles == ["system", *["user", *["assistant"] * 3] * 2]


@pytest.mark.parametrize("unusable", ["", "ffffffffff", "../../x", "x" * 5000, "a\nb", "session"])
def test_an_id_that_is_no_chat_begins_another(desk: AgentBox, unusable: str) -> None:
    """Also that of a session of a person, which stays as it is."""
    id = desk.enabled()
    given = id if unusable == "session" else unusable
    before = desk.written(id)["metadata"]["created_at"]
    chat = complete(desk.run(id, script(), session_id=given))["session_id"]
    assert ID.fullmatch(chat)
    assert chat != given
    assert len(desk.chat(chat)["messages"]) == 5
    assert desk.written(id)["metadata"]["created_at"] == before
    assert desk.messages(id)[0]["role"] == "user"


def test_the_chat_of_another_agent_is_not_continued(desk: AgentBox) -> None:
    """Models mix up ids, and the other has another prompt."""
    id = desk.enabled("scribe", "clerk")
    chat = complete(desk.run(id, script()))["session_id"]
    other = complete(desk.run(id, script(), agent="clerk", session_id=chat))["session_id"]
    assert other != chat
    assert said_in(desk.chat(other))[0] == ("system", "You are a clerk.")


def test_the_prompt_is_read_at_every_run(desk: AgentBox) -> None:
    """What SKILL.md says now is the first message, once, in old chats as well."""
    id, file = desk.enabled(), desk.agents / "scribe" / "SKILL.md"
    before = file.read_text()
    chat = complete(desk.run(id, script(mark="before")))["session_id"]
    try:
        file.write_text(skill("Other.", "You are another scribe.", model=NOWHERE))
        desk.run(id, instruction := script(mark="after"), session_id=chat)
        new = ("system", "You are another scribe.")
        assert all(sent(body)[0] == new for body in asked_of(desk, instruction))
        said = said_in(desk.chat(chat))
        assert said[0] == new
        assert [role for role, _ in said].count("system") == 1
        file.unlink()
        events = events_of(desk.stream(id, calling(script(mark="gone"))))
        assert not named(events, "agent_start")
        assert named(events, "tool_result")[0]["success"] is False
    finally:
        file.write_text(before)


def test_its_own_model_if_there_is_one(caller: Caller, tmp_path: Path) -> None:
    """Else that of the session."""
    (tmp_path / "agents").mkdir()
    put_agent(tmp_path / "agents", "own", skill(model="other:7b"))
    put_agent(tmp_path / "agents", "lost", skill(model=NOWHERE))
    with agentbox(caller, tmp_path) as box:
        id = box.enabled("own", "lost")
        for agent, model in (("own", "other:7b"), ("lost", "caller")):
            chat = complete(box.run(id, instruction := script(mark=agent), agent))["session_id"]
            assert {body["model"] for body in asked_of(box, instruction)} == {model}
            assert box.chat(chat)["model"] == model


def test_chats_are_files_that_others_can_read(desk: AgentBox) -> None:
    """The form of a session, key by key, with no hint of the phases."""
    id = desk.enabled()
    chat = complete(desk.run(id, script([call("jot", text="x")])))["session_id"]
    written, session = desk.written_chat(chat), desk.written(id)
    assert list(written) == list(session) == ["metadata", "messages"]
    assert list(written["metadata"])[:11] == list(session["metadata"])[:11]
    assert written["metadata"]["format_version"] == "1.3"
    assert written["metadata"]["message_count"] == len(written["messages"]) == 6
    called = written["messages"][3]["tool_calls"]
    assert called == [{"function": {"name": "jot", "arguments": {"text": "x"}}}]


def test_fifty_runs_in_one_session(desk: AgentBox) -> None:
    """Every call has its answer, and each run a chat of five messages."""
    id, before = desk.enabled(), len(desk.chats())
    for number in range(50):
        assert desk.say(id, calling(script(mark=str(number)))).status == 200
    roles = [one["role"] for one in desk.written(id)["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant"] * 50
    assert len(desk.chats()) == before + 50
