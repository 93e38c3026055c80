"""Streamed calls, one rule at a time, so that each fault of a server has a name of its own."""

import json
from typing import Any

import pytest

from conformance_tests.checks import message_of
from conformance_tests.judging.verdicts import offered
from conformance_tests.wire import Answer, Server, ask

Fragment = dict[str, Any]

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city now",
        "parameters": CITY,
    },
}
NAMED = {"type": "function", "function": {"name": "get_weather"}}
ONE = ask("What is the weather in Paris? Call the tool.")
TWO = ask("What is the weather in Paris, and in Rome? Call the tool twice, two calls at once.")


def fragments(answer: Answer) -> list[Fragment]:
    return [
        fragment
        for chunk in answer.chunks
        for choice in chunk["choices"]
        for fragment in choice["delta"].get("tool_calls") or ()
    ]


@pytest.fixture(scope="module")
def streamed(server: Server, tools_model: str) -> Answer:
    for _ in range(3):
        answer = server.stream(model=tools_model, messages=ONE, tools=[WEATHER])
        if fragments(offered(answer, "tools")):
            return answer
    pytest.skip(f"{tools_model} was told three times and streamed no call")


@pytest.fixture(scope="module")
def one(streamed: Answer) -> list[Fragment]:
    """The fragments of one call."""
    return fragments(streamed)


@pytest.mark.cooperation(times=3, least=1)
def test_a_call_is_streamed_at_all(server: Server, tools_model: str) -> None:
    """ollama 9632: a call that a whole answer has, dropped where it is streamed."""
    fields = {"model": tools_model, "messages": ONE, "tools": [WEATHER]}
    if not message_of(offered(server.chat(**fields), "tools")).get("tool_calls"):
        pytest.skip(f"{tools_model} was told to call a tool and did not")
    assert fragments(server.stream(**fields))


def test_the_reason_is_the_call(streamed: Answer) -> None:
    """ollama 7963: agents run the tool only when they read `tool_calls`, and `stop` is the end."""
    reasons = {choice["finish_reason"] for chunk in streamed.chunks for choice in chunk["choices"]}
    assert reasons <= {"tool_calls", None}


def test_a_call_is_numbered(one: list[Fragment]) -> None:
    """ollama 7881: openai-python raises a TypeError, openai-node "invalid tool call index"."""
    for fragment in one[:1]:
        assert isinstance(fragment.get("index"), int)


def test_its_later_fragments_are_numbered(one: list[Fragment]) -> None:
    """codex 7517: the id comes once, so the index is what every fragment is told apart by."""
    for fragment in one[1:]:
        assert isinstance(fragment.get("index"), int)


def test_two_calls_have_two_numbers(server: Server, tools_model: str) -> None:
    """term-llm 314: calls that share an index are merged into one."""
    told = fragments(server.stream(model=tools_model, messages=TWO, tools=[WEATHER]))
    numbers = {fragment["id"]: fragment.get("index") for fragment in told if fragment.get("id")}
    if not told:
        pytest.skip(f"{tools_model} was told to call tools and did not")
    known = [number for number in numbers.values() if number is not None]
    assert len({*known}) == len(known)


def test_a_call_has_its_id(one: list[Fragment]) -> None:
    """vllm 18412: without the id that introduces it no result can be sent back."""
    for fragment in one:
        assert fragment.get("id") or not fragment["function"].get("name")


def test_a_call_has_its_name(one: list[Fragment]) -> None:
    """litellm 39796: a call that comes whole in one delta has its name there, too."""
    assert any(fragment["function"].get("name") for fragment in one)


def test_a_call_that_was_asked_for_by_name_has_its_type(server: Server, tools_model: str) -> None:
    """vllm 16340: openai-node throws at the end on a call without `type`."""
    answer = server.stream(model=tools_model, messages=ONE, tools=[WEATHER], tool_choice=NAMED)
    told = fragments(offered(answer, "tool_choice", "tools"))
    if not told:
        pytest.skip(f"{tools_model} was told to call a tool and did not")
    assert told[0].get("type") == "function"


def test_arguments_come_once(one: list[Fragment]) -> None:
    """litellm 20480: a last chunk with all arguments again doubles them."""
    pieces = [fragment["function"].get("arguments") or "" for fragment in one]
    assert isinstance(json.loads("".join(pieces)), dict)
