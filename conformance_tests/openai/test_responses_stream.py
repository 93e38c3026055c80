"""`POST /responses` with `stream`: every event, in order, numbered without gaps."""

from typing import Any

import pytest

from conformance_tests.responding import (
    CALLED,
    Event,
    Responses,
    calls_of,
    function,
    stream_of,
    text_of,
)
from conformance_tests.wire import Answer

COUNT = "Count to 20"
LIFE = {"response.created", "response.in_progress", "response.completed"}


@pytest.fixture(scope="module")
def streamed(responses: Responses) -> Answer:
    return responses.create(COUNT, stream=True)


@pytest.fixture(scope="module")
def events(streamed: Answer) -> list[Event]:
    return stream_of(streamed)


def test_frames_name_their_event(streamed: Answer) -> None:
    """OpenAI streams `event:` and `data:`; openai-python breaks on `id:` and on events without
    data.
    """
    assert b"\r" not in streamed.body
    assert streamed.body.endswith(b"\n\n")
    for frame in streamed.body.removesuffix(b"\n\n").split(b"\n\n"):
        lines = frame.split(b"\n")
        if lines != [b"data: [DONE]"] and not frame.startswith(b":"):
            assert len(lines) == 2
            assert lines[0].startswith(b"event: ")
            assert lines[1].startswith(b"data: {")


def test_nothing_on_the_way_may_hold_the_stream_back(streamed: Answer) -> None:
    """RFC 9111: what may be stored may be held back until it is whole; gzip holds back, too."""
    assert streamed.body.startswith(b"event: response.")
    assert {"no-cache", "no-store"} & set(streamed.headers["cache-control"].split(", "))
    assert "content-encoding" not in streamed.headers


def test_there_are_deltas_between_the_ends(events: list[Event]) -> None:
    """gemini-web2api 37: clients that show text as it comes need it as it comes."""
    names = [event["type"] for event in events]
    assert names.count("response.output_text.delta") > 1
    assert {*names} >= LIFE


def test_the_last_event_has_the_whole_response(events: list[Event]) -> None:
    """llm-rosetta 56: SDKs take the final response from it, and nothing else."""
    deltas = [e["delta"] for e in events if e["type"] == "response.output_text.delta"]
    response = events[-1]["response"]
    assert text_of(response) == "".join(deltas)
    assert response["usage"]["output_tokens"] > 0
    assert response["model"] == events[0]["response"]["model"]


@pytest.mark.cooperation(times=3, least=2)
def test_it_says_the_same_as_in_one_piece(responses: Responses) -> None:
    """One translation: what differs is how it arrives."""
    *_, last = responses.streamed(COUNT, temperature=0)
    whole = responses.made(COUNT, temperature=0)
    assert text_of(whole) == text_of(last["response"])


def test_a_streamed_response_is_kept(responses: Responses, events: list[Event]) -> None:
    """lmstudio 1188: previous_response_not_found for streamed first turns."""
    response = events[-1]["response"]
    assert responses.found(response["id"]) == response


@pytest.mark.cooperation(times=3, least=2)
def test_a_call_is_streamed(responses: Responses, tools_model: str) -> None:
    """OpenAI API reference, function calling: arguments come as deltas, whole at the end."""
    events = responses.streamed(CALLED, model=tools_model, tools=[function()])
    names = [event["type"] for event in events]
    assert "response.function_call_arguments.done" in names
    (call,) = calls_of(events[-1]["response"])
    assert (call["name"], call["status"]) == ("get_weather", "completed")


@pytest.mark.cooperation(times=3, least=2)
def test_reasoning_is_streamed(responses: Responses, thinking_model: str) -> None:
    """OpenAI API reference, reasoning summaries: parts of their own, before the message."""
    reasoning = {"effort": "high", "summary": "auto"}
    events = responses.streamed(model=thinking_model, reasoning=reasoning)
    names = [event["type"] for event in events]
    thought = names.index("response.reasoning_summary_text.delta")
    assert thought < names.index("response.output_text.delta")


MANNERS: dict[str, dict[str, Any]] = {
    "cut": {"input": COUNT, "max_output_tokens": 16},
    "no store": {"store": False},
    "instructions": {"instructions": "Be brief."},
    "json": {"text": {"format": {"type": "json_object"}}, "input": "Answer in JSON."},
    "no padding": {"stream_options": {"include_obfuscation": False}},
    "a long text": {"input": "Write a long story."},
}


@pytest.mark.parametrize("name", MANNERS)
def test_any_manner_of_stream_is_in_order(responses: Responses, name: str) -> None:
    """The rules of `response_events`: numbers, names, parts, ends."""
    events = responses.streamed(**MANNERS[name])
    status = "incomplete" if name == "cut" else "completed"
    assert events[-1]["response"]["status"] == status
    assert all("obfuscation" not in event for event in events) or name != "no padding"


def test_a_stream_of_a_call_that_is_cut(responses: Responses, tools_model: str) -> None:
    """vllm 37937: a limit may end an answer anywhere; what is told is in order all the same."""
    for limit in (16, 17, 20):
        fields = {"model": tools_model, "tools": [function()], "max_output_tokens": limit}
        events = responses.streamed(CALLED, **fields)
        assert events[-1]["type"] in ("response.completed", "response.incomplete")
