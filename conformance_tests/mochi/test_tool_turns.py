"""Tools in a turn: each sequence of events that is promised, and what is kept and told of it."""

from typing import Any

import pytest

from conformance_tests.mochi.caller import call, script
from conformance_tests.mochi.sessions import Event, events_of, names, refusal, whole
from conformance_tests.mochi.toolboxes import CONFIRM, UNASKED, Toolbox, named

DENIED = "Tool execution denied by user"


def roles(box: Toolbox, id: str) -> list[str]:
    return [role for role, _ in box.said(id)]


def results(events: list[Event]) -> list[tuple[Any, ...]]:
    """Index, name, success, result and error of each result, once it has all of these fields."""
    found = named(events, "tool_result")
    order = ["tool_name", "success", "result", "error_message", "call_index"]
    assert all(list(one) == order for one in found)
    return [
        (one["call_index"], one["tool_name"], one["success"], one["result"], one["error_message"])
        for one in found
    ]


def test_unasked(bench: Toolbox) -> None:
    """Call, result, continuation, text; and user, assistant, tool, assistant on record."""
    id = bench.with_tools("add", **UNASKED)
    message = script([call("add", a=1, b=2)])
    events = events_of(bench.stream(id, message))
    assert names(events) == [
        *["tool_call", "tool_result", "tool_continuation_start", "content_delta"],
        *["message_complete", "done"],
    ]
    assert events[0].data == {"tool_name": "add", "arguments": {"a": 1, "b": 2}, "call_index": 0}
    assert list(events[0].data) == ["tool_name", "arguments", "call_index"]
    assert results(events) == [(0, "add", True, "3", None)]
    assert events[2].data == {"message": "Continuing with 1 tool result."}
    stored = bench.messages(id)
    assert [one["role"] for one in stored] == ["user", "assistant", "tool", "assistant"]
    (called,) = stored[1]["tool_calls"]
    assert called["function"]["name"] == "add"
    assert called["function"]["arguments"] == {"a": 1, "b": 2}
    assert (stored[2]["tool_name"], stored[2]["content"]) == ("add", "3")
    assert stored[3]["content"] == "3"
    assert named(events, "message_complete")[0]["message_id"] == stored[3]["message_id"]
    offered = bench.caller.about(message)[-1]["tools"]
    assert [one["function"]["name"] for one in offered] == ["add"]
    assert offered[0]["function"]["parameters"]["required"] == ["a"]


def test_approved(bench: Toolbox) -> None:
    """The question takes the place of `tool_call`; its id is of 128 bits."""
    id = bench.with_tools("drop_file")
    events = bench.told(id, script([call("drop_file", path="approved.txt")]))
    assert names(events) == [
        *[CONFIRM, "tool_result", "tool_continuation_start", "content_delta"],
        *["message_complete", "done"],
    ]
    question = events[0].data
    assert list(question) == ["tool_name", "arguments", "call_index", "confirmation_id"]
    assert question["arguments"] == {"path": "approved.txt"}
    prefix, _, digits = question["confirmation_id"].partition("_")
    assert prefix == "conf"
    assert len(digits) == 32
    assert set(digits) <= set("0123456789abcdef")
    assert results(events) == [(0, "drop_file", True, "removed", None)]
    assert bench.runs().count("approved.txt") == 1


def test_denied(bench: Toolbox) -> None:
    """It does not run, the model is told so, and the conversation goes on."""
    id = bench.with_tools("drop_file")
    message = script([call("drop_file", path="denied.txt")])
    events = bench.told(id, message, approve=False)
    assert names(events)[1:] == [
        *["tool_result", "tool_continuation_start", "content_delta", "message_complete", "done"],
    ]
    assert results(events) == [(0, "drop_file", False, f"Error: {DENIED}", DENIED)]
    assert "denied.txt" not in bench.runs()
    assert bench.tool_messages(id) == [("drop_file", f"Error: {DENIED}")]
    told = bench.caller.about(message)[1]["messages"][-1]
    assert (told["role"], told["content"]) == ("tool", f"Error: {DENIED}")
    assert told["tool_name"] == "drop_file"


def test_several_in_one_reply(bench: Toolbox) -> None:
    """One after the other, each with its result before the next; one continuation for all."""
    policies = {"add": "never_confirm"}
    id = bench.with_tools("add", "drop_file", tool_policies=policies)
    calls = [call("add", a=1), call("drop_file", path="several"), call("add", a=2, b=3)]
    events = bench.told(id, script(calls))
    assert [event.name for event in events] == [
        *["tool_call", "tool_result", CONFIRM, "tool_result", "tool_call", "tool_result"],
        *["tool_continuation_start", "content_delta", "message_complete", "done"],
    ]
    assert [event.data["call_index"] for event in events[:6]] == [0, 0, 1, 1, 2, 2]
    assert events[6].data == {"message": "Continuing with 3 tool results."}
    assert roles(bench, id) == ["user", "assistant", "tool", "tool", "tool", "assistant"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_calls_in_several_chunks(bench: Toolbox, stream: bool) -> None:
    """Ollama sends one a chunk, the last one with the end: none may be lost."""
    id = bench.with_tools("add", **UNASKED)
    message = script([call("add", a=number) for number in range(4)], text=2, spread=True)
    answer = (bench.stream if stream else bench.say)(id, message)
    assert answer.status == 200
    assert [text for _, text in bench.tool_messages(id)] == ["1", "2", "3", "4"]
    assert len(bench.messages(id)[1]["tool_calls"]) == 4
    assert bench.messages(id)[1]["content"] == "word word "
    if stream:
        events = events_of(answer)
        assert [event.name for event in events][:3] == [
            "content_delta",
            "content_delta",
            "tool_call",
        ]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_several_rounds(bench: Toolbox, stream: bool) -> None:
    """Until the model has no more calls; `call_index` begins again in each round."""
    id = bench.with_tools("add", **UNASKED)
    message = script([call("add", a=1), call("add", a=2)], [call("add", a=3)], [call("add", a=4)])
    if stream:
        events = events_of(bench.stream(id, message))
        assert [one["call_index"] for one in named(events, "tool_call")] == [0, 1, 0, 0]
        assert len(named(events, "tool_continuation_start")) == 3
    else:
        found = whole(bench.say(id, message))
        assert found["message"]["content"] == "2 | 3 | 4 | 5"
        assert found["tool_calls_executed"] == [
            {"name": "add", "arguments": {"a": number}, "success": True} for number in (1, 2, 3, 4)
        ]
    assert roles(bench, id) == [
        *["user", "assistant", "tool", "tool", "assistant", "tool", "assistant", "tool"],
        "assistant",
    ]


FAILURES: list[tuple[str, dict[str, Any], str]] = [
    ("div", {"a": 1, "b": 0}, "Tool 'div' failed: "),
    ("crash", {"how": "raise"}, "Tool 'crash' failed: it is broken"),
    ("nope", {}, "Tool 'nope' not found"),
    ("drop_file", {"path": "unheard"}, "Tool 'drop_file' not found"),
    ("add", {"a": "many"}, "Invalid arguments for tool 'add': "),
    ("add", {"b": 1}, "Invalid arguments for tool 'add': "),
    ("add", {"a": 1, "c": 1}, "Invalid arguments for tool 'add': "),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("name", "arguments", "reason"), FAILURES, ids=range(len(FAILURES)))
def test_what_fails(
    bench: Toolbox, name: str, arguments: dict[str, Any], reason: str, stream: bool
) -> None:
    """A failure is told to the model in words, and is no failure of the turn. A name that the
    session has not enabled is not run, whoever knows it."""
    id = bench.with_tools("add", "div", "crash", **UNASKED)
    message = script([call(name, **arguments), call("add", a=1)])
    if stream:
        failed, added = results(events_of(bench.stream(id, message)))
        assert failed[:3] == (0, name, False)
        assert failed[3] == f"Error: {failed[4]}"
        assert failed[4].startswith(reason)
        assert added == (1, "add", True, "2", None)
    else:
        executed = whole(bench.say(id, message))["tool_calls_executed"]
        assert [one["success"] for one in executed] == [False, True]
    (_, told), _ = bench.tool_messages(id)
    assert told.startswith(f"Error: {reason}")
    assert bench.caller.about(message)[1]["messages"][-2]["content"] == told
    assert "unheard" not in bench.runs()


CONVERSIONS: list[tuple[str, dict[str, Any], str]] = [
    ("add", {"a": "2", "b": 3}, "5"),
    ("div", {"a": 1, "b": "4"}, "0.25"),
    ("nothing", {}, "Tool executed successfully (no output)"),
    ("shape", {"kind": "dict"}, '{"a":[1,null,"ä"]}'),
    ("shape", {"kind": "list"}, "[1,2.5]"),
    ("shape", {"kind": "tuple"}, '[true,"x"]'),
    ("shape", {"kind": "nested"}, '{"t":[1]}'),
    ("shape", {"kind": "float"}, "0.5"),
    ("shape", {"kind": "bool"}, "True"),
    ("shape", {"kind": "empty"}, ""),
    ("nap", {"seconds": 0}, "rested"),
]


@pytest.mark.parametrize(("name", "arguments", "text"), CONVERSIONS, ids=range(len(CONVERSIONS)))
def test_a_result_is_text(bench: Toolbox, name: str, arguments: dict[str, Any], text: str) -> None:
    """As JSON where it has a shape; and text is converted for numbers, which models often quote."""
    id = bench.with_tools(name, **UNASKED)
    ((*_, success, result, error),) = results(
        events_of(bench.stream(id, script([call(name, **arguments)])))
    )
    assert (success, error) == (True, None)
    assert result.replace(", ", ",").replace(": ", ":") == text.replace(": ", ":")
    assert bench.tool_messages(id) == [(name, result)]


def test_a_session_without_tools(bench: Toolbox) -> None:
    """Whatever a model calls there is answered, and not run."""
    id = bench.begin()
    message = script([call("drop_file", path="without")])
    events = events_of(bench.stream(id, message))
    assert results(events)[0][4] == "Tool 'drop_file' not found"
    assert "without" not in bench.runs()
    assert not bench.caller.about(message)[0].get("tools")


def test_a_model_that_never_ends(bench: Toolbox) -> None:
    """Fifty rounds, then an error; all results are on record."""
    id = bench.with_tools("add", **UNASKED)
    message = script([call("add", a=1)], endless=True)
    *_, error, done = bench.told(id, message)
    assert (error.name, error.data["code"], done.name) == ("error", "OLLAMA_ERROR", "done")
    assert error.data["details"]["reason"] == "max_tool_rounds"
    assert len(bench.tool_messages(id)) == 50
    assert roles(bench, id)[-1] == "tool"


def test_the_whole_history_is_sent(bench: Toolbox) -> None:
    """In the next turn too, calls and the names of the tools included, read from disk or not."""
    id = bench.with_tools("add", **UNASKED)
    assert bench.say(id, script([call("add", a=1)])).status == 200
    written = bench.written(id)
    copied = f"{id[1:]}0"
    written["session_id"] = written["metadata"]["session_id"] = copied
    for session in (id, copied):
        if session == copied:
            bench.put(copied, written)
        message = f"And {session}?"
        assert bench.say(session, message).status == 200
        _, assistant, tool, _, user = bench.caller.about(message)[0]["messages"]
        assert assistant["tool_calls"][0]["function"]["name"] == "add"
        assert assistant["tool_calls"][0]["function"]["arguments"] == {"a": 1}
        assert (tool["role"], tool["tool_name"], tool["content"]) == ("tool", "add", "2")
        assert user["content"] == message


def test_answering_again(bench: Toolbox) -> None:
    """What the tools returned belongs to the old answer, and goes with it."""
    id = bench.with_tools("add", **UNASKED)
    assert bench.say(id, script([call("add", a=1)])).status == 200
    before = bench.messages(id)
    assert "tool_result" in names(bench.told(id, None))
    after = bench.messages(id)
    assert after[0] == before[0]
    assert [one["role"] for one in after] == ["user", "assistant", "tool", "assistant"]
    assert not {one["message_id"] for one in after[1:]} & {one["message_id"] for one in before}


def test_without_a_stream_nobody_can_be_asked(bench: Toolbox) -> None:
    """403; nothing of the reply is kept and no call of it runs, but the question stays, so that a
    stream can answer it."""
    id = bench.with_tools("add", "drop_file", tool_policies={"add": "never_confirm"})
    message = script([call("add", a=1), call("drop_file", path="unasked")])
    answer = bench.say(id, message)
    assert refusal(answer) == (403, "TOOL_EXECUTION_DENIED")
    details = answer.json["error"]["details"]
    assert details["tool_name"] == "drop_file"
    assert details["reason"] == "confirmation_requires_streaming"
    assert bench.said(id) == [("user", message)]
    assert results(bench.told(id, None))[1][:3] == (1, "drop_file", True)
    assert bench.runs().count("unasked") == 1


def test_a_group(bench: Toolbox) -> None:
    """Its tools take the place of those that are named; an unknown one has none to give."""
    for settings, offered in (
        ({"tool_group": "math"}, ["add", "div"]),
        ({"tool_group": "math", "tools": ["nap"]}, ["add", "div"]),
        ({"tool_group": "unheard", "tools": ["nap"]}, ["nap"]),
        ({"tools": ["nap", "unheard_of"]}, ["nap"]),
    ):
        id = bench.begin(tool_settings=settings)
        message = f"With {settings}"
        assert bench.say(id, message).status == 200
        (body,) = bench.caller.about(message)
        assert [one["function"]["name"] for one in body["tools"]] == offered
