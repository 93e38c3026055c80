"""Responses that are kept, through the official SDK: chains, background, items, tools."""

import time
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.responses import Response

from conformance_tests.responding import CALLED, Responses, function
from conformance_tests.sdk.refusals import unless_refused

WEATHER: Any = function()


@pytest.fixture
def model(stateful: Responses) -> str:
    return stateful.server.model


@pytest.mark.cooperation(times=3, least=2)
def test_a_chain(client: OpenAI, model: str) -> None:
    """OpenAI's guide to conversation state: the id of the last response is enough."""
    first = client.responses.create(model=model, input="My name is Ada.")
    second = client.responses.create(
        model=model, input="What is my name?", previous_response_id=first.id
    )
    assert "Ada" in second.output_text
    assert second.previous_response_id == first.id
    assert client.responses.retrieve(second.id) == second


@pytest.mark.cooperation(times=3, least=2)
def test_a_streamed_chain(client: OpenAI, model: str) -> None:
    """openai-python's helper, twice."""
    with client.responses.stream(model=model, input="My name is Ada.") as stream:
        first = stream.get_final_response()
    with client.responses.stream(
        model=model, input="What is my name?", previous_response_id=first.id
    ) as stream:
        assert "Ada" in stream.get_final_response().output_text


def test_what_is_deleted_cannot_be_followed(client: OpenAI, model: str) -> None:
    """openai-python: NotFoundError, and BadRequestError with its code for what would follow."""
    first = client.responses.create(model=model, input="My name is Ada.")
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model=model, input="Hi.", previous_response_id=first.id)
    assert caught.value.code == "previous_response_not_found"


def test_input_items_page_by_themselves(client: OpenAI, model: str) -> None:
    """openai-python's cursor pages: asked for until `has_more` is false."""
    said: Any = [{"role": "user", "content": f"Number {n}."} for n in range(5)]
    response = client.responses.create(model=model, input=said)
    items: Any = client.responses.input_items.list(response.id, limit=2, order="asc")
    assert [item.content[0].text for item in items] == [f"Number {n}." for n in range(5)]


@pytest.mark.cooperation(times=3, least=2)
def test_a_tool_round_trip(client: OpenAI, responses: Responses, tools_model: str) -> None:
    """OpenAI's guide to function calling: the result follows by the id of the response."""
    asked = client.responses.create(model=tools_model, input=CALLED, tools=[WEATHER])
    (call,) = [item for item in asked.output if item.type == "function_call"]
    answer = client.responses.create(
        model=tools_model,
        input=[{"type": "function_call_output", "call_id": call.call_id, "output": "Sunny."}],
        previous_response_id=asked.id,
        tools=[WEATHER],
    )
    assert answer.output_text


@pytest.mark.cooperation(times=3, least=2)
def test_a_tool_round_trip_by_hand(client: OpenAI, responses: Responses, tools_model: str) -> None:
    """OpenAI's guide to function calling: `input += response.output`, nothing stored."""
    said: Any = [{"role": "user", "content": CALLED}]
    asked = client.responses.create(model=tools_model, input=said, tools=[WEATHER], store=False)
    said += [item.to_dict() for item in asked.output]
    said += [
        {"type": "function_call_output", "call_id": item.call_id, "output": "Sunny."}
        for item in asked.output
        if item.type == "function_call"
    ]
    answer = client.responses.create(model=tools_model, input=said, tools=[WEATHER], store=False)
    assert answer.output_text


def ended(client: OpenAI, response: Response) -> Response:
    """The response once it is over."""
    deadline = time.monotonic() + 30
    while response.status in ("queued", "in_progress") and time.monotonic() < deadline:
        time.sleep(0.1)
        response = client.responses.retrieve(response.id)
    return response


def in_background(client: OpenAI, model: str, **fields: Any) -> Response:
    with unless_refused("background"):
        response: Response = client.responses.create(model=model, background=True, **fields)
    return response


def test_background(client: OpenAI, model: str) -> None:
    """OpenAI's guide to background mode: poll `retrieve`."""
    begun = in_background(client, model, input="Count to 20")
    assert begun.status in ("queued", "in_progress")
    over = ended(client, begun)
    assert (over.status, over.id) == ("completed", begun.id)
    assert over.output_text


def test_background_is_cancelled(client: OpenAI, stateful: Responses, slow_model: str) -> None:
    """openai-python's `responses.cancel`: an object like any other, its status `cancelled`."""
    begun = in_background(client, slow_model, input="Count to 2000")
    assert client.responses.cancel(begun.id).status == "cancelled"


def test_background_is_watched_and_watched_again(client: OpenAI, model: str) -> None:
    """openai-python's `responses.stream(response_id=…, starting_after=…)`."""
    in_background(client, model, input="Hi.")
    with client.responses.stream(model=model, input="Count to 20", background=True) as stream:
        final = stream.get_final_response()
    with client.responses.stream(response_id=final.id) as again:
        assert again.get_final_response().output_text == final.output_text
    with client.responses.stream(response_id=final.id, starting_after=5) as later:
        events = list(later)
    assert events[-1].type == "response.completed"
