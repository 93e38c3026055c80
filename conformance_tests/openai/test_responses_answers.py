"""`POST /responses`, answered in one piece."""

import json
from typing import Any

import pytest

from conformance_tests.checks import fits
from conformance_tests.judging.verdicts import offered
from conformance_tests.responding import PIXEL, Responses, response_of, text_of, user

COUNT = "Count to 20"
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
PERSON = {"format": {"type": "json_schema", "name": "person", "schema": SCHEMA, "strict": True}}


def test_a_text_is_answered(responses: Responses) -> None:
    """OpenAI API reference, the response object: one message, one part, its text."""
    response = responses.made(COUNT)
    assert response["model"]
    (item,) = [item for item in response["output"] if item["type"] == "message"]
    assert (item["role"], item["status"]) == ("assistant", "completed")
    (part,) = item["content"]
    assert part["type"] == "output_text"
    assert part["text"]


def test_the_usage_has_its_details(responses: Responses) -> None:
    """openai-python 3: `cache_write_tokens` is required, and both objects of details are."""
    usage = responses.made(COUNT)["usage"]
    assert usage["output_tokens"] > 0
    assert set(usage["input_tokens_details"]) >= {"cached_tokens", "cache_write_tokens"}


def test_what_was_asked_is_told_back(responses: Responses) -> None:
    """OpenAI API reference, the response object: the settings that were in force."""
    asked = {
        "instructions": "Be brief.",
        "metadata": {"topic": "tea"},
        "temperature": 0.5,
        "top_p": 0.9,
        "max_output_tokens": 100,
        "parallel_tool_calls": False,
        "truncation": "auto",
    }
    response = response_of(responses.create(**asked))
    assert {name: response[name] for name in asked} == asked
    assert response["text"]["format"] == {"type": "text"}


def test_defaults_are_told(responses: Responses) -> None:
    """Open Responses: what was not asked for is told all the same."""
    response = responses.made()
    assert (response["tools"], response["metadata"]) == ([], {})
    assert (response["previous_response_id"], response["instructions"]) == (None, None)
    assert response["truncation"] == "disabled"
    assert isinstance(response["temperature"], int | float)
    assert isinstance(response["top_p"], int | float)


def part(kind: str, text: str) -> dict[str, Any]:
    return {"type": kind, "text": text}


INPUTS: dict[str, Any] = {
    "easy message": [user("Say hello.")],
    "typed message": [{"type": "message", **user("Say hello.")}],
    "parts": [{"role": "user", "content": [part("input_text", "Say hello.")]}],
    "developer": [{"role": "developer", "content": "Be brief."}, user("Say hello.")],
    "system": [{"role": "system", "content": [part("input_text", "Be brief.")]}, user("Hi.")],
    "assistant text": [user("Hi."), {"role": "assistant", "content": "Hi!"}, user("Say hello.")],
    "output sent back": [
        user("Hi."),
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{**part("output_text", "Hi!"), "annotations": [], "logprobs": []}],
        },
        user("Say hello."),
    ],
    "refusal sent back": [
        user("Hi."),
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        user("Say hello."),
    ],
    "reasoning sent back": [
        user("Hi."),
        {"id": "rs_1", "type": "reasoning", "summary": [part("summary_text", "Hm.")]},
        {"role": "assistant", "content": "Hi!"},
        user("Say hello."),
    ],
    "phases": [
        user("Hi."),
        {
            "type": "message",
            "role": "assistant",
            "phase": "final_answer",
            "content": [{**part("output_text", "Hi!"), "annotations": []}],
        },
        user("Say hello."),
    ],
}


@pytest.mark.parametrize("name", INPUTS)
def test_input_as_clients_write_it(responses: Responses, name: str) -> None:
    """OpenAI API reference, input; everything a server has sent is accepted back."""
    assert text_of(responses.made(INPUTS[name]))


@pytest.mark.cooperation(times=3, least=2)
def test_all_of_the_input_reaches_the_model(responses: Responses) -> None:
    """OpenAI API reference, input: a list of items is the whole conversation."""
    conversation = [
        user("My name is Ada."),
        {"role": "assistant", "content": "Hello Ada."},
        user("What is my name?"),
    ]
    assert "Ada" in text_of(responses.made(conversation))


def test_instructions_reach_the_model(responses: Responses) -> None:
    """OpenAI API reference, instructions: a system message before the input."""
    without = responses.made()["usage"]["input_tokens"]
    told = responses.made(instructions="Answer like a pirate. " * 20)["usage"]["input_tokens"]
    assert told > without + 40


def test_a_picture_is_looked_at(responses: Responses, vision_model: str) -> None:
    """OpenAI API reference, input_image: a data URI as `image_url`."""
    content = [part("input_text", "What is this?"), {"type": "input_image", "image_url": PIXEL}]
    assert text_of(responses.made([{"role": "user", "content": content}], model=vision_model))


@pytest.mark.cooperation(times=3, least=2)
def test_reasoning_stands_before_the_message(responses: Responses, thinking_model: str) -> None:
    """OpenAI API reference, reasoning: an item of its own, before what it led to."""
    response = responses.made(model=thinking_model, reasoning={"effort": "high", "summary": "auto"})
    kinds = [item["type"] for item in response["output"]]
    assert kinds == ["reasoning", "message"]
    (thought,) = response["output"][0]["summary"]
    assert (thought["type"], bool(thought["text"])) == ("summary_text", True)
    assert "<think>" not in text_of(response)
    assert response["reasoning"]["effort"] == "high"


def test_a_limit_cuts_the_answer(responses: Responses) -> None:
    """OpenAI API reference, max_output_tokens: the status says that the answer is cut, and why."""
    response = response_of(responses.create(COUNT, max_output_tokens=16))
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert response["output"][-1]["status"] == "incomplete"
    assert 0 < response["usage"]["output_tokens"] <= 16


def test_a_schema_is_kept_to(responses: Responses) -> None:
    """OpenAI API reference, text.format: flat, without the nesting of chat completions."""
    response = responses.made("Invent a person. Answer in JSON.", text=PERSON)
    assert fits(text_of(response), name=str, age=int)
    assert response["text"]["format"]["name"] == "person"


def test_json_object_is_an_object(responses: Responses) -> None:
    """OpenAI API reference, text.format `json_object`."""
    response = responses.made("Answer in JSON.", text={"format": {"type": "json_object"}})
    assert isinstance(json.loads(text_of(response)), dict)


def test_logprobs_come_when_they_are_included(responses: Responses) -> None:
    """OpenAI API reference, include `message.output_text.logprobs`."""
    answer = responses.create(include=["message.output_text.logprobs"], top_logprobs=2)
    response = response_of(offered(answer, "include", "top_logprobs"))
    (text,) = response["output"][-1]["content"]
    assert "".join(entry["token"] for entry in text["logprobs"]) == text["text"]


NULLABLE = [
    *["background", "conversation", "include", "instructions", "max_output_tokens", "metadata"],
    *["max_tool_calls", "parallel_tool_calls", "previous_response_id", "prompt", "reasoning"],
    *["service_tier", "store", "stream", "stream_options", "temperature", "top_p", "top_logprobs"],
    *["truncation", "user", "safety_identifier", "prompt_cache_key"],
]


@pytest.mark.parametrize("field", NULLABLE)
def test_null_means_not_given(responses: Responses, field: str) -> None:
    """OpenAI's OpenAPI document calls them nullable."""
    assert text_of(responses.made(**{field: None}))
