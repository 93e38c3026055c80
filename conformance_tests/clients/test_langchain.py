"""LangChain's ChatOpenAI with a base URL: whole answers, streams, tools and objects.

Recorded from langchain-openai 1.7.3 on openai 3.54.0; what it reads stands in the same release.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conformance_tests.checks import fits
from conformance_tests.clients.replay import (
    STAINLESS,
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
    "User-Agent": "OpenAI/Python 3.54.0",
    **STAINLESS,
    "X-Stainless-Package-Version": "3.54.0",
    "X-Stainless-Raw-Response": "true",
}
WEATHER = function("get_weather", "The weather of a city.", {"city": {"type": "string"}})
CITY = {
    "description": "A city of this world.",
    "properties": {
        "name": {"title": "Name", "type": "string"},
        "people": {"title": "People", "type": "integer"},
    },
    "required": ["name", "people"],
    "title": "City",
    "type": "object",
    "additionalProperties": False,
}
PARIS = "About 2100000 people live in Paris."
QUESTION = ask("What is the weather in Paris?")


@pytest.fixture(scope="module")
def langchain(server: Server) -> Client:
    return Client(server, HEADERS)


def invoke(langchain: Client, model: str, messages: Any, **fields: Any) -> Answer:
    """`stream: false` is said, and messages have their content first."""
    turned = [{"content": message["content"], **message} for message in messages]
    return langchain.chat(model=model, stream=False, messages=turned, **fields)


def message_of(answer: Answer) -> dict[str, Any]:
    """The first choice; a message whose role is not the assistant's becomes one of no kind."""
    assert answer.status == 200, answer.body[:500]
    assert not answer.json.get("error")
    message: dict[str, Any] = answer.json["choices"][0]["message"]
    assert message["role"] == "assistant"
    return message


def call_of(answer: Answer) -> dict[str, Any]:
    calls: list[dict[str, Any]] = message_of(answer).get("tool_calls") or []
    assert len(calls) == 1, f"one call was due, not {calls}"
    return calls[0]


def arguments_of(call: dict[str, Any]) -> dict[str, Any]:
    """What makes a call valid: an id for its result to name, and JSON for arguments."""
    assert isinstance(call["id"], str)
    assert call["id"]
    value: dict[str, Any] = json.loads(call["function"]["arguments"])
    return value


def calls(answer: Answer) -> list[Call]:
    """Fragments are merged by their index, and names that come again are put together. One
    fragment without an index, and none of the chunk is read."""
    known: dict[int, Call] = {}
    for delta in deltas(chunks_of(answer)):
        for fragment in delta.get("tool_calls") or ():
            call = known.setdefault(fragment["index"], Call())
            id = fragment.get("id") or ""
            call.id = call.id if call.id == id else call.id + id
            call.name += fragment["function"].get("name") or ""
            call.pieces.append(fragment["function"].get("arguments") or "")
    return [*known.values()]


def test_an_answer_in_one_piece_counts_its_tokens(langchain: Client) -> None:
    """langchain-openai 1.7.3, usage_metadata: taken from `usage`; without it costs are unknown."""
    asked = ask("Say hello. " + prose(800))
    answer = invoke(langchain, langchain.server.model, asked)
    assert message_of(answer)["content"]
    usage = answer.json["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    read_whole(usage, asked)


def test_several_system_messages_and_parts_are_taken(langchain: Client) -> None:
    """LangChain sends a message with a list of parts as such, and every SystemMessage that it
    is given."""
    messages = [
        {"content": prose(400), "role": "system"},
        {"content": "Be kind. " + prose(400), "role": "system"},
        {"content": [{"type": "text", "text": "Hello!"}], "role": "user"},
    ]
    answer = invoke(langchain, langchain.server.model, messages)
    assert message_of(answer)["content"]
    read_whole(answer.json["usage"], messages)


def test_max_tokens_are_max_completion_tokens(langchain: Client) -> None:
    """langchain-openai 1.7.3 sends `max_tokens=4` as `max_completion_tokens` alone."""
    messages = ask("Count from 1 to 90, in words.")
    answer = invoke(langchain, langchain.server.model, messages, max_completion_tokens=4, seed=3)
    assert answer.json["choices"][0]["finish_reason"] == "length"
    assert answer.json["usage"]["completion_tokens"] <= 4


@pytest.mark.cooperation(times=3, least=1)
def test_a_call_is_valid(langchain: Client, tools_model: str) -> None:
    """langchain-openai 1.7.3, parse_tool_call: without JSON in its arguments a call goes among the
    invalid ones; ToolMessage needs its id."""
    answer = invoke(langchain, tools_model, QUESTION, tools=[WEATHER])
    call = call_of(answer)
    assert call["function"]["name"] == "get_weather"
    assert isinstance(arguments_of(call)["city"], str)


@pytest.mark.cooperation(times=3, least=1)
def test_the_result_of_a_call_is_used(langchain: Client, tools_model: str) -> None:
    """langchain-openai 1.7.3 sends the call back with `content: null`, its type before its id."""
    called = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    messages = [
        *QUESTION,
        {
            "content": None,
            "role": "assistant",
            "tool_calls": [{"type": "function", "id": "call_x", "function": called}],
        },
        {"content": "Paris: clear sky, 21 degrees", "role": "tool", "tool_call_id": "call_x"},
    ]
    said = message_of(invoke(langchain, tools_model, messages, tools=[WEATHER]))["content"]
    assert "21" in said


def test_a_schema_is_kept(langchain: Client, tools_model: str) -> None:
    """with_structured_output as it is by default: a strict json_schema, read as JSON."""
    schema = {"schema": CITY, "name": "City", "strict": True}
    wanted = {"type": "json_schema", "json_schema": schema}
    answer = invoke(langchain, tools_model, ask(PARIS), response_format=wanted)
    assert fits(message_of(answer)["content"], name=str, people=int)


def test_json_mode_is_json(langchain: Client, tools_model: str) -> None:
    """with_structured_output(method="json_mode"): `json_object`, with the keys in the prompt."""
    asked = ask(f"Answer in JSON with the keys name and people: {PARIS}")
    answer = invoke(langchain, tools_model, asked, response_format={"type": "json_object"})
    assert isinstance(json.loads(message_of(answer)["content"]), dict)


def test_a_named_tool_is_called_once(langchain: Client, tools_model: str) -> None:
    """with_structured_output(method="function_calling"): the tool is named in `tool_choice`, and
    `parallel_tool_calls` is false; the first call is the object."""
    properties = {
        name: {"type": kind} for name, kind in (("name", "string"), ("people", "integer"))
    }
    answer = invoke(
        langchain,
        tools_model,
        ask(PARIS),
        parallel_tool_calls=False,
        tool_choice={"type": "function", "function": {"name": "City"}},
        tools=[function("City", "A city of this world.", properties)],
    )
    call = call_of(answer)
    assert call["function"]["name"] == "City"
    assert arguments_of(call).keys() == {"name", "people"}


def test_any_tool_is_called_in_a_stream(langchain: Client, tools_model: str) -> None:
    """`tool_choice="any"` goes out as `required`; a fragment without `index` is lost in silence
    (_convert_delta_to_message_chunk), and a name that comes twice is doubled."""
    answer = langchain.chat(
        model=tools_model,
        stream=True,
        messages=[{"content": QUESTION[0]["content"], "role": "user"}],
        tool_choice="required",
        tools=[WEATHER],
    )
    call = only(calls(answer))
    assert call.name == "get_weather"
    assert call.id
    assert isinstance(call.arguments["city"], str)


def test_tokens_of_a_stream_are_counted_once(langchain: Client) -> None:
    """LangChain adds up the `usage` of all chunks: said twice, it is twice as much. Reasons to
    end that come twice are put together to one that nobody knows."""
    answer = langchain.chat(
        model=langchain.server.model,
        stream=True,
        messages=ask("Say hello."),
        stream_options={"include_usage": True},
    )
    chunks = chunks_of(answer)
    assert text_of(chunks)
    assert [chunk["usage"]["completion_tokens"] > 0 for chunk in chunks if chunk.get("usage")] == [
        True
    ]
    assert finished(chunks) == ["stop"]


@pytest.mark.cooperation(times=3, least=1)
def test_a_batch_is_answered_side_by_side(langchain: Client) -> None:
    """`batch` sends all its prompts at once, each on a thread of its own."""
    words = ("amber", "birch", "cedar", "juniper")
    with ThreadPoolExecutor(len(words)) as pool:
        model = langchain.server.model
        asked = [pool.submit(invoke, langchain, model, ask(f"Repeat: {word}")) for word in words]
    for word, answer in zip(words, asked, strict=True):
        assert word in message_of(answer.result())["content"]
