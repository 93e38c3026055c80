"""Codex 0.169: the Responses API alone, 40 kB at a time, and the whole history each time.

Recorded from codex 0.169.0; what it needs of the answer was found by leaving one field out.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from conformance_tests.checks import fits
from conformance_tests.clients.replay import Client, prose, read_whole
from conformance_tests.responding import Responses
from conformance_tests.wire import Answer

THREAD = "01a1fff2-5cb1-7d41-8e45-df3b3ac56939"
TURN = "01a1fff2-5cc5-7c90-976a-ded0917da3d5"
METADATA = json.dumps({"session_id": THREAD, "turn_id": TURN, "sandbox_mode": "read-only"})
HEADERS = {
    "x-codex-beta-features": "remote_compaction_v2",
    "x-codex-window-id": f"{THREAD}:0",
    "x-codex-turn-metadata": METADATA,
    "x-client-request-id": THREAD,
    "session-id": THREAD,
    "thread-id": THREAD,
    "Accept": "text/event-stream",
    "Content-Type": "application/json",
    "originator": "codex_exec",
    "User-Agent": "codex_exec/0.169.0 (Debian 12.0.0; x86_64) xterm (codex_exec; 0.169.0)",
}
TEXT = {"type": "string", "description": "What the tool is told"}


def tool(name: str, size: int, *texts: str, **more: Any) -> dict[str, Any]:
    """A function, flat; the first of its properties is required."""
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {**dict.fromkeys(texts, TEXT), **more},
        "required": [*texts[:1]],
        "additionalProperties": False,
    }
    described = {"type": "function", "name": name, "description": f"{name}. {prose(size)}"}
    return {**described, "strict": False, "parameters": parameters}


AGENTS = ["close_agent", "resume_agent", "send_input", "spawn_agent", "wait_agent"]
LIMIT = {"type": "number", "description": "Tokens of output at most"}
TOOLS = [
    tool("exec_command", 900, "cmd", "justification", "workdir", max_output_tokens=LIMIT),
    tool("write_stdin", 300, "session_id", "chars", max_output_tokens=LIMIT),
    tool("request_user_input", 1000, "questions"),
    tool("view_image", 150, "path"),
    {
        "type": "namespace",
        "name": "multi_agent_v1",
        "description": "Other agents.",
        "tools": [tool(name, 1700, "target") for name in AGENTS],
    },
    tool("get_goal", 100),
    tool("create_goal", 500, "objective"),
    tool("update_goal", 1900, "status"),
    {"type": "web_search", "external_web_access": False},
]


def message(number: int, role: str, *texts: str) -> dict[str, Any]:
    """An item that the client made, with an id of its own."""
    parts = [{"type": "input_text", "text": text} for text in texts]
    id = f"msg_{number:08d}-5572-7f12-9f7a-6825f6cf2b41"
    return {"type": "message", "id": id, "role": role, "content": parts}


BEFORE = [
    message(1, "developer", "You are an agent that works on code. " + prose(17_000)),
    message(2, "developer", "<skills>" + prose(2100), "<permissions>" + prose(340)),
    message(3, "user", "<environment_context>\n  <shell>bash</shell>\n</environment_context>"),
]
RUN = message(4, "user", "Run the command `cat weather.txt` and say what it prints.")
HELLO = message(4, "user", "Hello! What can you do?")
DONE = {"cmd": "cat weather.txt"}

Event = dict[str, Any]


@pytest.fixture(scope="module")
def codex(responses: Responses) -> Client:
    return Client(responses.server, HEADERS)


def ask_codex(codex: Client, model: str, *items: dict[str, Any], **more: Any) -> Answer:
    return codex.post(
        "/responses",
        model=model,
        stream=True,
        input=[*BEFORE, *items],
        tools=TOOLS,
        tool_choice="auto",
        parallel_tool_calls=True,
        reasoning={"summary": "auto"},
        store=False,
        include=["reasoning.encrypted_content"],
        prompt_cache_key=THREAD,
        **more,
        client_metadata={"session_id": THREAD, "x-codex-turn-metadata": METADATA},
    )


def events_of(answer: Answer) -> list[Event]:
    """The JSON of each event; `event:` lines and a `[DONE]` do no harm."""
    assert answer.status == 200, f"{answer.status}: {answer.body[:500]!r}"
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = [line[5:].strip() for line in answer.body.splitlines() if line.startswith(b"data:")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def items_of(answer: Answer) -> list[dict[str, Any]]:
    """What codex goes by: the items of `response.output_item.done`, in the order they come. It
    ends with an error unless `response.completed` follows, with an id."""
    events = events_of(answer)
    last = events[-1]
    assert last["type"] == "response.completed", last
    assert isinstance(last["response"]["id"], str)
    return [event["item"] for event in events if event["type"] == "response.output_item.done"]


def said(items: list[dict[str, Any]]) -> str:
    """The text of the assistant's messages; one without a role is passed over in silence."""
    return "".join(
        part["text"]
        for item in items
        if item["type"] == "message" and item["role"] == "assistant"
        for part in item["content"]
        if part["type"] == "output_text"
    )


def call(name: str, arguments: Mapping[str, str]) -> dict[str, Any]:
    written = json.dumps(arguments)
    names = {"id": "fc_67ce5512a715bee82b0e982f0001", "name": name, "arguments": written}
    return {"type": "function_call", "status": "completed", **names, "call_id": "call_c"}


OUTPUT = {
    "type": "function_call_output",
    "id": "fco_01a1fff2-5e13-7b03-9ef6-80a0a5afbc9a",
    "call_id": "call_c",
    "output": "Process exited with code 0\nOutput:\nParis: clear sky, 21 degrees\n",
}


def test_the_first_request_of_forty_kilobytes_is_answered(codex: Client, tools_model: str) -> None:
    """codex 0.169.0: an answer without a `response.output_item.done` is shown as nothing at all,
    with exit status 0."""
    assert len(json.dumps([*BEFORE, *TOOLS])) > 36_000
    items = items_of(ask_codex(codex, tools_model, HELLO))
    assert said(items).strip() or [item for item in items if item["type"] == "function_call"]


def test_every_token_of_it_is_counted(codex: Client, tools_model: str) -> None:
    """codex shows how full the window is by this usage, and what was cut was its instructions."""
    last = events_of(ask_codex(codex, tools_model, HELLO))[-1]
    usage = last["response"]["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    read_whole(usage, BEFORE)


@pytest.mark.cooperation(times=3, least=1)
def test_a_command_can_be_run(codex: Client, tools_model: str) -> None:
    """codex 0.169.0 runs what a finished item says, however much of it was streamed before:
    `call_id`, `name`, and JSON in `arguments`. Without a `call_id` it ends, and says nothing."""
    calls = [item for item in items_of(ask_codex(codex, tools_model, RUN)) if "call_id" in item]
    assert [item["name"] for item in calls] == ["exec_command"]
    assert calls[0]["call_id"]
    assert isinstance(json.loads(calls[0]["arguments"])["cmd"], str)


def test_the_output_of_a_command_is_taken(codex: Client, tools_model: str) -> None:
    """codex 0.169.0 sends everything again: the call as it came, with `status` and id, and its
    output with an id of codex's own."""
    items = items_of(ask_codex(codex, tools_model, RUN, call("exec_command", DONE), OUTPUT))
    assert items


@pytest.mark.cooperation(times=3, least=1)
def test_the_output_of_a_command_is_used(codex: Client, tools_model: str) -> None:
    """What the command printed stands between two ids that only the client and the model know."""
    asked = (RUN, call("exec_command", DONE), OUTPUT)
    assert "21" in said(items_of(ask_codex(codex, tools_model, *asked)))


def test_a_conversation_goes_on_with_what_was_said(codex: Client, tools_model: str) -> None:
    """`codex exec resume` sends the assistant's item back with the server's id, its `status` and
    the `annotations` and `logprobs` of its text; never a `previous_response_id`."""
    part = {"type": "output_text", "text": "Hello, Ada.", "annotations": [], "logprobs": []}
    answered = {
        "type": "message",
        "status": "completed",
        "id": "msg_b0c37a30746cbd714e46eac20001",
        "role": "assistant",
        "content": [part],
    }
    then = message(5, "user", "What is my name?")
    assert items_of(ask_codex(codex, tools_model, message(4, "user", "I am Ada."), answered, then))


@pytest.mark.cooperation(times=3, least=1)
def test_the_schema_of_an_answer_is_kept_beside_tools(codex: Client, tools_model: str) -> None:
    """`codex exec --output-schema` sends `text.format`, flat and strict, with all of its tools, and
    so again after each command: the last message is the object."""
    properties = {"name": {"type": "string"}, "people": {"type": "integer"}}
    schema = {"type": "object", "properties": properties, "required": ["name", "people"]}
    wanted = {
        "type": "json_schema",
        "strict": True,
        "schema": schema | {"additionalProperties": False},
        "name": "codex_output_schema",
    }
    question = message(4, "user", "About 2100000 people live in Paris.")
    items = (question, call("exec_command", DONE), OUTPUT)
    answer = ask_codex(codex, tools_model, *items, text={"format": wanted})
    assert fits(said(items_of(answer)), name=str, people=int)


def test_every_item_has_its_id_and_its_type(codex: Client, tools_model: str) -> None:
    """codex 0.169.0 exits with status 1 where an item or the response has no id."""
    for item in items_of(ask_codex(codex, tools_model, HELLO)):
        assert isinstance(item["id"], str)
        assert item["id"]
        assert item["type"] in ("message", "function_call", "reasoning")


def test_an_unknown_model_is_no_stream(codex: Client) -> None:
    """codex tries a stream that breaks five times again; a refusal in JSON it shows at once."""
    answer = ask_codex(codex, "no-such-model", HELLO)
    assert answer.status in (400, 404)
    assert isinstance(answer.json["error"]["message"], str)
