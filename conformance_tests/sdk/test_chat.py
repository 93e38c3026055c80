"""`client.chat.completions`, as the SDK's own examples call it."""

import asyncio
import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, BaseModel, OpenAI, pydantic_function_tool

from conformance_tests.sdk.refusals import unless_refused
from conformance_tests.wire import Server

Messages = list[Any]
COUNT: Messages = [{"role": "user", "content": "Count to 20"}]
WEATHER: Messages = [{"role": "user", "content": "What is the weather in Paris? Call the tool."}]


class Person(BaseModel):
    """What a structured answer is about."""

    name: str
    age: int


class GetWeather(BaseModel):
    """The weather of a city now."""

    city: str


def test_create(client: OpenAI, server: Server) -> None:
    """openai-python with strict validation: every field of the answer has its documented type."""
    completion = client.chat.completions.create(model=server.model, messages=COUNT)
    assert completion.choices[0].message.content
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage
    assert completion.usage.total_tokens > completion.usage.prompt_tokens


def test_every_option_at_once(client: OpenAI, server: Server) -> None:
    """openai-python: the options that applications set."""
    completion = client.chat.completions.create(
        model=server.model,
        messages=COUNT,
        frequency_penalty=0.1,
        max_completion_tokens=3,
        metadata={"a": "b"},
        presence_penalty=0.1,
        seed=7,
        stop=["\n\n"],
        store=False,
        temperature=0.2,
        top_p=0.9,
        user="u",
        extra_body={"top_k": 20},
        extra_headers={"x-extra": "1"},
    )
    assert completion.choices[0].finish_reason == "length"


def test_stream(client: OpenAI, server: Server) -> None:
    """openai-python with strict validation: every chunk has its documented type."""
    chunks = list(client.chat.completions.create(model=server.model, messages=COUNT, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert len(text) > 3
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_stream_helper(client: OpenAI, server: Server) -> None:
    """openai-python's accumulating helper: the role once, the text whole, the usage kept."""
    with client.chat.completions.stream(
        model=server.model, messages=COUNT, stream_options={"include_usage": True}
    ) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        completion = stream.get_final_completion()
    message = completion.choices[0].message
    assert message.role == "assistant"
    assert message.content == "".join(deltas)
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage
    assert completion.usage.completion_tokens > 0


def test_parse(client: OpenAI, server: Server) -> None:
    """openai-python's `.parse()`: the answer becomes the type that was asked for."""
    completion = client.chat.completions.parse(
        model=server.model,
        messages=[{"role": "user", "content": "Invent a person. Answer in JSON."}],
        response_format=Person,
    )
    assert isinstance(completion.choices[0].message.parsed, Person)


def test_parse_of_a_cut_answer(client: OpenAI, server: Server) -> None:
    """openai-python raises its own error when finish_reason is `length`: half JSON is none."""
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(
            model=server.model, messages=COUNT, response_format=Person, max_tokens=1
        )


def test_stream_helper_parses(client: OpenAI, server: Server) -> None:
    """openai-python's helper: a streamed structured answer becomes the type, too."""
    with client.chat.completions.stream(
        model=server.model,
        messages=[{"role": "user", "content": "Invent a person. Answer in JSON."}],
        response_format=Person,
    ) as stream:
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, Person)


def test_two_choices(client: OpenAI, server: Server) -> None:
    """openai-python: `choices` in the order of their index, each with a reason of its own."""
    with unless_refused("n"):
        completion = client.chat.completions.create(model=server.model, messages=COUNT, n=2)
    assert [choice.index for choice in completion.choices] == [0, 1]
    assert all(choice.message.content for choice in completion.choices)
    with client.chat.completions.stream(model=server.model, messages=COUNT, n=2) as stream:
        choices = stream.get_final_completion().choices
    assert [choice.index for choice in choices] == [0, 1]
    assert all(choice.message.content for choice in choices)
    assert [choice.message.role for choice in choices] == ["assistant"] * 2
    assert [choice.finish_reason for choice in choices] == ["stop"] * 2


@pytest.mark.cooperation(times=3, least=2)
def test_tool_loop(client: OpenAI, tools_model: str) -> None:
    """OpenAI's function calling guide: call, run, send back, read the answer."""
    tools = [pydantic_function_tool(GetWeather, name="get_weather")]
    with unless_refused("tools"):
        first = client.chat.completions.create(model=tools_model, messages=WEATHER, tools=tools)
    assert first.choices[0].finish_reason == "tool_calls"
    message = first.choices[0].message
    results: Messages = []
    for call in message.tool_calls or []:
        assert call.type == "function"
        city = json.loads(call.function.arguments)["city"]
        results.append({"role": "tool", "tool_call_id": call.id, "content": f"Sunny in {city}."})
    history = [*WEATHER, message, *results]
    second = client.chat.completions.create(model=tools_model, messages=history, tools=tools)
    assert results
    assert second.choices[0].message.content


@pytest.mark.cooperation(times=3, least=2)
def test_stream_helper_collects_tool_calls(client: OpenAI, tools_model: str) -> None:
    """openai-python's helper concatenates ids and names: each may come once only."""
    with (
        unless_refused("tools"),
        client.chat.completions.stream(
            model=tools_model,
            messages=WEATHER,
            tools=[pydantic_function_tool(GetWeather, name="get_weather")],
        ) as stream,
    ):
        done = [e for e in stream if e.type == "tool_calls.function.arguments.done"]
        (choice,) = stream.get_final_completion().choices
    (call,) = choice.message.tool_calls or []
    assert call.function.name == "get_weather"
    assert isinstance(call.function.parsed_arguments, GetWeather)
    assert len(done) == 1
    assert choice.finish_reason == "tool_calls"


def test_stopping_early(client: OpenAI, server: Server) -> None:
    """openai-python: `stream.close()` hangs up, and the client is good for the next request."""
    stream = client.chat.completions.create(model=server.model, messages=COUNT, stream=True)
    next(iter(stream))
    stream.close()
    assert client.chat.completions.create(model=server.model, messages=COUNT).choices


def test_request_ids(client: OpenAI, server: Server) -> None:
    """OpenAI API reference, debugging requests: `x-request-id` on every response."""
    raw = client.chat.completions.with_raw_response.create(model=server.model, messages=COUNT)
    assert raw.headers["x-request-id"]
    assert raw.parse()._request_id == raw.headers["x-request-id"]
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="there-is-no-such-model", messages=COUNT)
    assert caught.value.request_id
    assert caught.value.request_id != raw.headers["x-request-id"]


def test_async_client(async_client: AsyncOpenAI, server: Server) -> None:
    """openai-python, asynchronous: many at once over its pool, streamed and not."""

    async def both() -> tuple[str, str]:
        create = async_client.chat.completions.create
        async with async_client, asyncio.TaskGroup() as group:
            whole = group.create_task(create(model=server.model, messages=COUNT, max_tokens=3))
            stream = await create(model=server.model, messages=COUNT, max_tokens=3, stream=True)
            pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
        return whole.result().choices[0].message.content or "", "".join(pieces)

    whole, streamed = asyncio.run(both())
    assert whole
    assert streamed


def test_async_stream_helper(async_client: AsyncOpenAI, server: Server) -> None:
    """openai-python, asynchronous: the helper and its events."""

    async def text() -> str | None:
        asked = async_client.chat.completions.stream(model=server.model, messages=COUNT)
        async with async_client, asked as stream:
            async for _ in stream:
                pass
            return (await stream.get_final_completion()).choices[0].message.content

    assert asyncio.run(text())
