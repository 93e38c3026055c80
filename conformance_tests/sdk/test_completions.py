"""Completions through the official SDK."""

from typing import Any, TypeVar

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from conformance_tests.judging.verdicts import route_offered
from conformance_tests.sdk.refusals import unless_refused
from conformance_tests.wire import Server

Client = TypeVar("Client", OpenAI, AsyncOpenAI)


@pytest.fixture(autouse=True)
def offered(server: Server) -> None:
    """Many servers have no such route, and need none."""
    body = {"model": server.model, "prompt": "Count to 20", "max_tokens": 1}
    route_offered(server.request("POST", "/completions", body))


def lenient(client: Client) -> Client:
    """The strict client refuses every stream of completions, OpenAI's too: the SDK's type of
    `finish_reason` leaves out the null of all chunks but the last."""
    return type(client)(base_url=client.base_url, api_key=client.api_key, max_retries=0)


def test_a_completion(client: OpenAI, server: Server) -> None:
    """openai-python, types/completion.py: every field of the object has its type."""
    completion = client.completions.create(model=server.model, prompt="Count to 20", max_tokens=5)
    assert completion.object == "text_completion"
    assert completion.choices[0].text
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage
    assert completion.usage.completion_tokens <= 5


def test_a_stream(client: OpenAI, server: Server) -> None:
    """openai-python: a stream yields whole `Completion` objects, `usage` in the last."""
    options: Any = {"include_usage": True}
    *chunks, last = lenient(client).completions.create(
        model=server.model,
        prompt="Count to 20",
        max_tokens=5,
        stream=True,
        stream_options=options,
    )
    assert "".join(chunk.choices[0].text for chunk in chunks)
    assert not last.choices
    assert last.usage


async def test_a_stream_that_is_left(async_client: AsyncOpenAI, server: Server) -> None:
    """openai-python: leaving the `async with` closes the response in the middle."""
    async with await lenient(async_client).completions.create(
        model=server.model, prompt="Count to 500", max_tokens=400, stream=True
    ) as chunks:
        seen = [await anext(aiter(chunks))]
    assert seen[0].object == "text_completion"
    assert seen[0].choices[0].finish_reason is None


def test_logprobs(client: OpenAI, server: Server) -> None:
    """openai-python, types/completion_choice.py: four lists, `top_logprobs` of maps."""
    with unless_refused("logprobs"):
        completion = client.completions.create(
            model=server.model, prompt="Count to 20", max_tokens=3, logprobs=1
        )
    logprobs = completion.choices[0].logprobs
    assert logprobs
    assert logprobs.tokens
    assert logprobs.text_offset
    assert logprobs.text_offset[0] == 0


def test_a_refusal(client: OpenAI, server: Server) -> None:
    """openai-python: BadRequestError carries the name of the field."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model=server.model, prompt="a", temperature=9)
    assert caught.value.param == "temperature"
