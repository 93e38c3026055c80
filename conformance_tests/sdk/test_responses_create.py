"""`client.responses`, as the SDK's own examples call it."""

from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, BaseModel, OpenAI

from conformance_tests.responding import CALLED, Responses, function
from conformance_tests.sdk.refusals import unless_refused
from conformance_tests.wire import Server


class Person(BaseModel):
    """What a structured answer is about."""

    name: str
    age: int


WEATHER: Any = function()


def test_create(client: OpenAI, responses: Responses) -> None:
    """openai-python with strict validation: every field of the response has its type."""
    response = client.responses.create(model=responses.server.model, input="Count to 20")
    assert response.output_text
    assert (response.status, response.error) == ("completed", None)
    assert response.usage
    assert response.usage.total_tokens > response.usage.input_tokens


async def test_async(async_client: AsyncOpenAI, responses: Responses) -> None:
    """openai-python's other client, over the same wire."""
    response = await async_client.responses.create(model=responses.server.model, input="Hi.")
    assert response.output_text


def test_every_option_at_once(client: OpenAI, responses: Responses) -> None:
    """openai-python: the options that applications set."""
    response = client.responses.create(
        model=responses.server.model,
        input=[{"role": "user", "content": [{"type": "input_text", "text": "Count to 20"}]}],
        instructions="Be brief.",
        max_output_tokens=16,
        metadata={"a": "b"},
        parallel_tool_calls=True,
        prompt_cache_key="k",
        safety_identifier="s",
        service_tier="auto",
        store=False,
        temperature=0.2,
        text={"format": {"type": "text"}, "verbosity": "medium"},
        tool_choice="auto",
        tools=[],
        top_p=0.9,
        truncation="disabled",
        extra_headers={"x-extra": "1"},
    )
    assert response.status == "incomplete"
    assert response.incomplete_details
    assert response.incomplete_details.reason == "max_output_tokens"


def test_parse(client: OpenAI, responses: Responses) -> None:
    """openai-python's `.parse()`: the answer becomes the type that was asked for."""
    response = client.responses.parse(
        model=responses.server.model,
        input="Invent a person. Answer in JSON.",
        text_format=Person,
    )
    assert isinstance(response.output_parsed, Person)


def test_stream_of_events(client: OpenAI, responses: Responses) -> None:
    """openai-python with strict validation: every event has its documented type."""
    events = list(
        client.responses.create(model=responses.server.model, input="Count to 20", stream=True)
    )
    assert [event.sequence_number for event in events] == list(range(len(events)))
    text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == text


def test_stream_helper(client: OpenAI, responses: Responses) -> None:
    """openai-python's accumulating helper: created first, parts before deltas, ids constant."""
    with client.responses.stream(model=responses.server.model, input="Count to 20") as stream:
        deltas = [e.delta for e in stream if e.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert final.output_text == "".join(deltas)
    assert final.usage


def test_stream_helper_parses(client: OpenAI, responses: Responses) -> None:
    """openai-python's helper: a streamed structured answer becomes the type, too."""
    with client.responses.stream(
        model=responses.server.model,
        input="Invent a person. Answer in JSON.",
        text_format=Person,
    ) as stream:
        assert isinstance(stream.get_final_response().output_parsed, Person)


@pytest.mark.cooperation(times=3, least=2)
def test_stream_helper_collects_a_call(
    client: OpenAI, responses: Responses, tools_model: str
) -> None:
    """openai-python's helper: arguments add up to what the item says."""
    with client.responses.stream(model=tools_model, input=CALLED, tools=[WEATHER]) as stream:
        pieces = [e.delta for e in stream if e.type == "response.function_call_arguments.delta"]
        (call,) = [i for i in stream.get_final_response().output if i.type == "function_call"]
    assert call.arguments == "".join(pieces)


@pytest.mark.cooperation(times=3, least=2)
def test_reasoning(client: OpenAI, responses: Responses, thinking_model: str) -> None:
    """openai-python with strict validation: a reasoning item with its summary."""
    with client.responses.stream(
        model=thinking_model, input="Hi.", reasoning={"effort": "low", "summary": "auto"}
    ) as stream:
        deltas = [e.delta for e in stream if e.type == "response.reasoning_summary_text.delta"]
        thought, message = stream.get_final_response().output
    assert message.type == "message"
    assert thought.type == "reasoning"
    assert thought.summary[0].text == "".join(deltas)


def test_an_unknown_model(client: OpenAI, responses: Responses) -> None:
    """openai-python chooses the class by status, and takes the code from the error object."""
    with pytest.raises((openai.NotFoundError, openai.BadRequestError)) as caught:
        client.responses.create(model="no-such-model", input="Hi.")
    assert caught.value.code == "model_not_found"


def test_a_bad_request(client: OpenAI, responses: Responses) -> None:
    """openai-python: BadRequestError carries `param`."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model=responses.server.model, input="Hi.", temperature=9)
    assert caught.value.param == "temperature"


def test_tokens_are_counted(client: OpenAI, responses: Responses) -> None:
    """openai-python's `responses.input_tokens.count`: what the response would be billed for."""
    model = responses.server.model
    with unless_refused():
        counted = client.responses.input_tokens.count(model=model, input="Say hello.")
    usage = client.responses.create(model=model, input="Say hello.").usage
    assert usage
    assert counted.input_tokens == usage.input_tokens


def test_a_conversation_is_compacted(client: OpenAI, server: Server, responses: Responses) -> None:
    """openai-python's `responses.compact`: its output is the next input."""
    said: Any = [
        {"role": "user", "content": "My name is Ada."},
        {"role": "assistant", "content": "Hello Ada. " * 20},
    ]
    with unless_refused():
        compacted = client.responses.compact(model=server.model, input=said)
    assert compacted.output[-1].type == "compaction"
    kept: Any = [item.model_dump(exclude_none=True) for item in compacted.output]
    answer = client.responses.create(
        model=server.model, input=[*kept, {"role": "user", "content": "Say hello."}]
    )
    assert answer.output_text
