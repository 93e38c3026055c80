"""Continue 1.5 (its command line, `cn`) on version 5 of the OpenAI SDK for Node.

Recorded from cn 1.5.47; what it makes of a stream is read in the same release.
"""

from typing import Any

import pytest

from conformance_tests.clients.replay import (
    Call,
    Client,
    chunks_of,
    deltas,
    finished,
    function,
    only,
    prose,
    read_whole,
    text_of,
)
from conformance_tests.wire import Answer, Server, ask

HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "ls/JS 5.23.2",
    "x-stainless-arch": "x64",
    "x-stainless-lang": "js",
    "x-stainless-os": "Linux",
    "x-stainless-package-version": "5.23.2",
    "x-stainless-retry-count": "0",
    "x-stainless-runtime": "node",
    "x-stainless-runtime-version": "v20.20.2",
}
TEXT = {"type": "string", "description": "What the tool is told"}
NUMBER = {"type": "number", "description": "How many seconds it may take"}
TOOLS = [
    function("Read", "Read the file at a path", {"filepath": TEXT}),
    function("List", "List the files of a folder", {"dirpath": TEXT}),
    function("Bash", "Run a command. " + prose(300), {"command": TEXT, "timeout": NUMBER}),
    function("Fetch", "Fetch a page and turn it into Markdown", {"url": TEXT}),
    function("Checklist", "Write down what is to be done. " + prose(300), {"checklist": TEXT}),
    function("CheckBackgroundJob", "Look at a job. " + prose(200), {"job_id": TEXT}),
    function("AskQuestion", "Ask the user. " + prose(500), {"question": TEXT}),
    function("Exit", "Leave with the status 1, because something went wrong"),
    function("Skills", "Read a skill by its name. " + prose(150), {"skill_name": TEXT}),
]
SYSTEM = {"role": "system", "content": "You are an agent on a command line. " + prose(1200)}
WORD = "juniper"
QUESTION = ask("Call the tool Read for the file note.txt.")


@pytest.fixture(scope="module")
def cn(server: Server) -> Client:
    return Client(server, HEADERS)


def turn(cn: Client, model: str, messages: list[dict[str, Any]], **fields: Any) -> Answer:
    """Every request of a chat: tools without a `tool_choice`, a stream that counts its tokens."""
    return cn.chat(
        model=model,
        messages=[SYSTEM, *messages],
        stream=True,
        **({"tools": TOOLS} | fields),
        stream_options={"include_usage": True},
    )


def called(id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def calls(answer: Answer) -> list[Call]:
    """Calls go by their id, and fragments without one by the index under which it was said; a
    fragment of neither is dropped with a warning in the log."""
    known: dict[str, Call] = {}
    ids: dict[int, str] = {}
    for delta in deltas(chunks_of(answer)):
        for fragment in delta.get("tool_calls") or ():
            index, said = fragment.get("index"), fragment.get("function") or {}
            id = fragment.get("id") or ids.get(index)
            if not id:
                continue
            if index is not None:
                ids[index] = id
            call = known.setdefault(id, Call(id))
            call.name = said.get("name") or call.name
            call.pieces.append(said.get("arguments") or "")
    return [*known.values()]


@pytest.mark.cooperation(times=3, least=1)
def test_the_first_turn_is_answered(cn: Client, tools_model: str) -> None:
    """cn 1.5.47 sends its nine tools with the first word of a chat already."""
    answer = turn(cn, tools_model, ask(f"Repeat: {WORD}"))
    assert WORD in text_of(chunks_of(answer)) or calls(answer)


@pytest.mark.cooperation(times=3, least=1)
def test_a_call_is_known_by_its_id(cn: Client, tools_model: str) -> None:
    """cn 1.5.47 drops a call whose fragments bring no id; the arguments are JSON at the end."""
    call = only(calls(turn(cn, tools_model, QUESTION)))
    assert call.name == "Read"
    assert isinstance(call.arguments["filepath"], str)


@pytest.mark.cooperation(times=3, least=1)
def test_two_calls_are_two(cn: Client, tools_model: str) -> None:
    """cn 1.5.47 tells calls apart by their ids alone; what has none goes to the call that had its
    index last."""
    asked = "Call the tool Read twice, two calls at once: for a.txt and for b.txt."
    both = calls(turn(cn, tools_model, ask(asked)))
    assert len({call.id for call in both}) == 2
    assert all(call.arguments for call in both)


@pytest.mark.cooperation(times=3, least=1)
def test_the_result_of_a_call_is_used(cn: Client, tools_model: str) -> None:
    """cn 1.5.47 sends `content: ""` beside the call, and the result before its id."""
    history: list[dict[str, Any]] = [
        *QUESTION,
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [called("call_a", "Read", '{"filepath":"note.txt"}')],
        },
        {"role": "tool", "content": "Buy milk.", "tool_call_id": "call_a"},
    ]
    assert "milk" in text_of(chunks_of(turn(cn, tools_model, history)))


@pytest.mark.cooperation(times=3, least=1)
def test_the_results_of_two_calls_are_used(cn: Client, tools_model: str) -> None:
    """cn runs the calls of a turn at once; a call that failed has its error for a result."""
    both = [
        called("call_a", "Read", '{"filepath":"a.txt"}'),
        called("call_b", "Exit", "{}"),
    ]
    history: list[dict[str, Any]] = [
        *QUESTION,
        {"role": "assistant", "content": "", "tool_calls": both},
        {"role": "tool", "content": "Buy milk.", "tool_call_id": "call_a"},
        {"role": "tool", "content": "Error executing tool Exit", "tool_call_id": "call_b"},
    ]
    assert "milk" in text_of(chunks_of(turn(cn, tools_model, history)))


def test_tokens_are_counted_without_a_choice(cn: Client, tools_model: str) -> None:
    """OpenAI API reference, include_usage: one more chunk before the end, whose `choices` are
    empty; cn passes over chunks without a choice."""
    chunks = chunks_of(turn(cn, tools_model, ask("Say hello.")))
    assert chunks[-1]["choices"] == []
    usage = chunks[-1]["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    read_whole(usage, [SYSTEM, *TOOLS])


@pytest.mark.cooperation(times=3, least=1)
def test_an_empty_list_of_tools_means_none(cn: Client) -> None:
    """Recorded from several clients: `tools: []` where there are none. It is no error."""
    answer = turn(cn, cn.server.model, ask(f"Repeat: {WORD}"), tools=[])
    assert WORD in text_of(chunks_of(answer))


def test_an_error_can_be_read_by_the_older_sdk(cn: Client) -> None:
    """openai-node before 7 shows `404 status code (no body)` unless the body has `error`."""
    answer = turn(cn, "no-such-model", ask("Say hello."))
    assert 400 <= answer.status < 500
    assert isinstance(answer.json["error"]["message"], str)


def test_a_stream_has_one_end(cn: Client, tools_model: str) -> None:
    """openai-node stops at a payload that is `[DONE]` and nothing else; one reason comes before."""
    answer = turn(cn, tools_model, ask("Say hello."))
    assert answer.payloads[-1:] == [b"[DONE]"]
    assert answer.payloads.count(b"[DONE]") == 1
    assert finished(chunks_of(answer)) in (["stop"], ["tool_calls"])
