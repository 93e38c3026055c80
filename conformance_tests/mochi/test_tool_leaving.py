"""Clients that leave while tools are at work: what did not run is denied, what ran is on record."""

import time

import pytest

from conformance_tests.mochi.caller import call, script
from conformance_tests.mochi.sessions import refusal
from conformance_tests.mochi.test_leaving import reset
from conformance_tests.mochi.toolboxes import UNASKED, Toolbox, asked, events_in, soon

DENIED = "Error: Tool execution denied by user"


def well_formed(box: Toolbox, id: str) -> None:
    """Every call has its answer, and the next turn is served."""
    assert box.say(id, "And now?").status == 200
    due = 0
    for message in box.messages(id):
        if message["role"] == "tool":
            due -= 1
        else:
            assert due == 0, "a call without an answer"
            due = len(message["tool_calls"] or ())
    assert due == 0
    assert box.said(id)[-1][0] == "assistant"


@pytest.mark.parametrize("abort", [False, True], ids=["close", "reset"])
def test_while_a_question_is_open(bench: Toolbox, abort: bool) -> None:
    """It and every later call of the reply count as denied, the model is not asked again, and the
    id is dead: the original waited for ever and accepted the answer."""
    id = bench.with_tools("drop_file", "add", tool_policies={"add": "never_confirm"})
    mark = f"open{abort}"
    calls = [call("add", a=1), call("drop_file", path=mark), call("add", a=2)]
    message = script(calls, mark=mark)
    with bench.watch(id, message) as live:
        confirmation = asked(events_in(live))["confirmation_id"]
        if abort:
            reset(live)
    assert soon(lambda: len(bench.messages(id)) == 5)
    answer = bench.confirm(id, confirmation, True)
    assert refusal(answer) == (404, "CONFIRMATION_NOT_FOUND")
    assert bench.tool_messages(id) == [("add", "2"), ("drop_file", DENIED), ("add", DENIED)]
    assert len(bench.caller.about(message)) == 1
    assert mark not in bench.runs()
    well_formed(bench, id)


@pytest.mark.parametrize("tool", ["nap", "block"])
def test_while_a_tool_runs(bench: Toolbox, tool: str) -> None:
    """It finishes, and its result is kept; what would have come after it is denied."""
    id = bench.with_tools(tool, "add", **UNASKED)
    mark = f"left-{tool}"
    message = script([call(tool, seconds=0.6, mark=mark), call("add", a=1)], mark=mark)
    with bench.watch(id, message) as live:
        assert next(events_in(live)).name == "tool_call"
        time.sleep(0.1)
    assert soon(lambda: len(bench.messages(id)) == 4)
    rested = "rested" if tool == "nap" else "unblocked"
    assert bench.tool_messages(id) == [(tool, rested), ("add", DENIED)]
    assert bench.runs().count(mark) == 1
    assert len(bench.caller.about(message)) == 1
    well_formed(bench, id)


def test_while_an_approved_tool_runs(bench: Toolbox) -> None:
    id = bench.with_tools("nap")
    with bench.watch(id, script([call("nap", seconds=0.5, mark="approved-left")])) as live:
        events = events_in(live)
        confirmation = asked(events)["confirmation_id"]
        assert bench.confirm(id, confirmation, True).status == 200
    assert soon(lambda: len(bench.messages(id)) == 3)
    assert bench.tool_messages(id) == [("nap", "rested")]
    well_formed(bench, id)


def test_before_the_calls(bench: Toolbox) -> None:
    """The text so far is kept without calls, and nothing runs."""
    id = bench.with_tools("drop_file", **UNASKED)
    with bench.watch(id, script([call("drop_file", path="before")], text=100)) as live:
        assert next(events_in(live)).name == "content_delta"
    assert soon(lambda: len(bench.messages(id)) == 2)
    _, partial = bench.messages(id)
    assert partial["content"].startswith("word ")
    assert partial["tool_calls"] is partial["eval_count"] is None
    assert "before" not in bench.runs()
    well_formed(bench, id)


def test_in_the_answer_after_the_calls(bench: Toolbox) -> None:
    """The results stay, and the text so far is kept after them."""
    id = bench.with_tools("add", **UNASKED)
    with bench.watch(id, script([call("add", a=1)], then=100)) as live:
        next(event for event in events_in(live) if event.name == "content_delta")
    assert soon(lambda: len(bench.messages(id)) == 4)
    *_, tool, partial = bench.messages(id)
    assert (tool["role"], tool["content"]) == ("tool", "2")
    assert partial["content"].startswith("word ")
    assert partial["eval_count"] is None
    well_formed(bench, id)


def test_an_answer_in_one_piece(bench: Toolbox) -> None:
    """Who waits for a whole answer and leaves is no different."""
    id = bench.with_tools("nap", "add", **UNASKED)
    message = script([call("nap", seconds=0.6, mark="whole-left"), call("add", a=1)])
    with bench.http.open("POST", f"/chat/{id}", {"message": message}):
        assert soon(lambda: len(bench.messages(id)) == 2)
        time.sleep(0.1)
    assert soon(lambda: len(bench.messages(id)) == 4)
    assert bench.tool_messages(id) == [("nap", "rested"), ("add", DENIED)]
    well_formed(bench, id)


def test_many_that_leave(bench: Toolbox) -> None:
    """At any moment of a turn, in the same session; its history stays in order."""
    asks = {"drop_file": "always_confirm"}
    id = bench.with_tools("add", "nap", "drop_file", **UNASKED, tool_policies=asks)
    calls = [call("add", a=1), call("nap", seconds=0.03), call("drop_file", path="many")]
    for number in range(30):
        with bench.watch(id, script(calls, text=1, spread=True)) as live:
            events = events_in(live)
            for _ in range(1 + number % 6):
                next(events)
            time.sleep(number % 7 / 500)
    assert "many" not in bench.runs()
    well_formed(bench, id)
