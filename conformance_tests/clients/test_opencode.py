"""opencode 1.18 on the AI SDK's `openai-compatible` provider: a title and the work, at once.

Recorded from opencode 1.18.33; types as @ai-sdk/openai-compatible 3.0.92 checks them.
"""

import json
from concurrent.futures import ThreadPoolExecutor
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

SESSION = "ses_e000d58c9ffeGCpJy5DZcPsqq3"
HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": "opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14",
    "x-session-affinity": SESSION,
    "x-session-id": SESSION,
    "Accept": "*/*",
}
SAFE = 9007199254740991
DRAFT = "https://json-schema.org/draft/2020-12/schema"
WORD = {"type": "string", "description": "What it is about"}
WHOLE = {"minimum": -SAFE, "exclusiveMinimum": 0, "type": "integer", "maximum": SAFE}
TODO = {"type": "object", "properties": {"content": WORD, "status": WORD}, "required": ["content"]}
QUESTION = ask("Read the file note.txt with the tool read, and tell me what it says.")


def tool(name: str, size: int, properties: dict[str, Any], *required: str) -> dict[str, Any]:
    schema = {"$schema": DRAFT, "type": "object", "properties": properties}
    parameters = schema | {"required": [*required]}
    described = {"name": name, "description": f"Use {name}. {prose(size)}"}
    return {"type": "function", "function": {**described, "parameters": parameters}}


TOOLS = [
    tool("bash", 4600, {"command": WORD, "timeout": WHOLE, "workdir": WORD}, "command"),
    tool("edit", 1300, {"filePath": WORD, "oldString": WORD, "newString": WORD}, "filePath"),
    tool("glob", 500, {"pattern": WORD, "path": WORD}, "pattern"),
    tool("grep", 650, {"pattern": WORD, "include": WORD}, "pattern"),
    tool("read", 900, {"filePath": WORD, "limit": WHOLE | {"minimum": 0}}, "filePath"),
    tool("skill", 300, {"name": WORD}, "name"),
    tool("task", 3300, {"description": WORD, "prompt": WORD}, "description", "prompt"),
    tool("todowrite", 2000, {"todos": {"type": "array", "items": TODO}}, "todos"),
    tool("webfetch", 700, {"url": WORD, "format": {"type": "string", "enum": ["text"]}}, "url"),
    tool("write", 600, {"content": WORD, "filePath": WORD}, "content", "filePath"),
]
SYSTEM = {"role": "system", "content": "You are an agent that works on code. " + prose(9500)}
TITLE = [
    {"role": "system", "content": "You write titles. " + prose(2000)},
    *ask("Generate a title for this conversation:\n"),
    *QUESTION,
]


@pytest.fixture(scope="module")
def opencode(server: Server) -> Client:
    return Client(server, HEADERS)


def work(opencode: Client, model: str, messages: list[dict[str, Any]]) -> Answer:
    """The main request: ten tools, and room for a long answer."""
    return opencode.chat(
        model=model,
        max_tokens=32000,
        messages=[SYSTEM, *messages],
        tools=TOOLS,
        tool_choice="auto",
        stream=True,
        stream_options={"include_usage": True},
    )


def title(opencode: Client) -> Answer:
    """The request of its small model, without tools."""
    return opencode.chat(
        model=opencode.server.model,
        max_tokens=32000,
        messages=TITLE,
        stream=True,
        stream_options={"include_usage": True},
    )


def usage_of(answer: Answer) -> Any:
    """The last that is said of it, in a chunk with or without a choice."""
    return next((c["usage"] for c in reversed(chunks_of(answer)) if c.get("usage")), None)


def calls(answer: Answer) -> list[Call]:
    """What the AI SDK's tracker makes of the fragments: a new call needs a name, and a type, if
    there is one, of `function`; an id that is missing is made up."""
    known: dict[int, Call] = {}
    for delta in deltas(chunks_of(answer)):
        for fragment in delta.get("tool_calls") or ():
            index = fragment.get("index") or 0
            if index not in known:
                assert isinstance(fragment["function"]["name"], str)
                assert fragment.get("type") in (None, "function")
                known[index] = Call(name=fragment["function"]["name"])
            known[index].pieces.append(fragment["function"].get("arguments") or "")
    return [*known.values()]


def test_the_title_is_written_beside_the_work(opencode: Client, tools_model: str) -> None:
    """opencode sends the title request and the main one at the same moment, and waits for both;
    the first has two messages of the user in a row."""
    with ThreadPoolExecutor(2) as pool:
        working = pool.submit(work, opencode, tools_model, QUESTION)
        titled = pool.submit(title, opencode).result()
    read_whole(usage_of(titled), TITLE)
    assert text_of(chunks_of(titled)).strip()
    assert usage_of(working.result())["prompt_tokens"] > usage_of(titled)["prompt_tokens"]
    assert text_of(chunks_of(working.result())) or calls(working.result())


def test_more_tokens_are_allowed_than_the_model_has(opencode: Client) -> None:
    """opencode 1.18 sends `max_tokens: 32000` where its configuration says nothing of the model:
    a limit, no wish, and no error; nothing of a short prompt is cut for it."""
    answer = title(opencode)
    assert finished(chunks_of(answer)) == ["stop"]
    read_whole(usage_of(answer), TITLE)


@pytest.mark.cooperation(times=3, least=1)
def test_a_call_is_complete_and_ends_with_tool_calls(opencode: Client, tools_model: str) -> None:
    """AI SDK: a call without a name is an error, and without the finish reason `tool_calls` the
    tool loop does not go on."""
    answer = work(opencode, tools_model, QUESTION)
    call = only(calls(answer))
    assert call.name == "read"
    assert isinstance(call.arguments["filePath"], str)
    assert finished(chunks_of(answer)) == ["tool_calls"]


@pytest.mark.cooperation(times=3, least=1)
def test_the_result_of_a_call_is_used(opencode: Client, tools_model: str) -> None:
    """opencode 1.18.33 sends the call back beside `content: ""`, and its result by the id."""
    called = {"name": "read", "arguments": '{"filePath":"note.txt"}'}
    result = "<path>note.txt</path>\n<content>\n1: Buy milk.\n\n(End of file)\n</content>"
    history: list[dict[str, Any]] = [
        *QUESTION,
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "call_a", "type": "function", "function": called}],
        },
        {"role": "tool", "tool_call_id": "call_a", "content": result},
    ]
    assert "milk" in text_of(chunks_of(work(opencode, tools_model, history)))


def test_thirty_kilobytes_of_prompt_are_read_whole(opencode: Client, tools_model: str) -> None:
    """opencode 1.18.33 sends 30 kB before the first word of its user."""
    sent = [SYSTEM, *QUESTION, *TOOLS]
    assert len(json.dumps(sent)) > 28_000
    read_whole(usage_of(work(opencode, tools_model, QUESTION)), sent)


def test_every_chunk_has_the_types_of_its_schema(opencode: Client, tools_model: str) -> None:
    """@ai-sdk/openai-compatible 3.0.92, chunkBaseSchema: what is there has its type, or the whole
    chunk is an error; what is not there does no harm."""
    chunks = chunks_of(work(opencode, tools_model, QUESTION))
    for chunk in chunks:
        assert isinstance(chunk.get("id"), str | None)
        assert isinstance(chunk.get("created"), int | float | None)
        assert isinstance(chunk.get("model"), str | None)
        for choice in chunk["choices"]:
            assert isinstance(choice.get("finish_reason"), str | None)
    for delta in deltas(chunks):
        assert delta.get("role") in ("assistant", "", None)
        assert isinstance(delta.get("content"), str | None)
        assert isinstance(delta.get("reasoning_content"), str | None)
        for fragment in delta.get("tool_calls") or ():
            assert isinstance(fragment.get("id"), str | None)
            assert isinstance(fragment["function"].get("arguments"), str | None)


def test_a_stream_counts_its_tokens(opencode: Client) -> None:
    """opencode shows how full the window is by the usage that it asks for with `include_usage`;
    the AI SDK takes the last that it reads, in a chunk with or without a choice."""
    usage = usage_of(title(opencode))
    read_whole(usage, TITLE)
    assert usage["completion_tokens"] > 0


def test_an_error_is_an_object_with_a_message(opencode: Client) -> None:
    """@ai-sdk/openai-compatible 3.0.92, openaiCompatibleErrorDataSchema: anything else is shown as
    the bare words of the status."""
    answer = opencode.chat(model="no-such-model", messages=QUESTION, stream=True)
    assert 400 <= answer.status < 500
    error = answer.json["error"]
    assert isinstance(error["message"], str)
    assert isinstance(error.get("type"), str | None)
    assert isinstance(error.get("code"), str | int | float | None)


@pytest.mark.cooperation(times=3, least=1)
def test_a_tool_without_arguments_is_called(opencode: Client, tools_model: str) -> None:
    """A tool of an MCP server that takes nothing arrives with no properties and none required."""
    answer = opencode.chat(
        model=tools_model,
        messages=ask("Call the tool list_notes."),
        tools=[function("list_notes", "All notes.", additionalProperties=False)],
        tool_choice="auto",
        stream=True,
    )
    call = only(calls(answer))
    assert (call.name, call.arguments) == ("list_notes", {})
