"""Refusals, as the SDK's exceptions."""

from typing import Any

import openai
import pytest
from openai import OpenAI

from conformance_tests.wire import Server

HELLO: list[Any] = [{"role": "user", "content": "Say hello."}]


@pytest.mark.parametrize("stream", [False, True])
def test_unknown_model(client: OpenAI, stream: bool) -> None:
    """openai-python chooses the class by status, and takes code and type from the error object."""
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=HELLO, stream=stream)
    assert caught.value.code == "model_not_found"
    assert caught.value.type == "invalid_request_error"
    assert "no-such-model" in caught.value.message


def test_bad_request(client: OpenAI, server: Server) -> None:
    """openai-python: BadRequestError carries `param` and the error object as `body`."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=server.model, messages=HELLO, temperature=9)
    assert caught.value.param == "temperature"
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["message"]


def test_a_stream_that_fails(client: OpenAI, failing_model: str) -> None:
    """openai-python raises on a frame with `error`, wherever it comes in a stream."""
    with pytest.raises(openai.APIError) as caught:
        list(client.chat.completions.create(model=failing_model, messages=HELLO, stream=True))
    assert caught.value.message


def test_unknown_route(client: OpenAI) -> None:
    """openai-python: a resource that the server lacks is a NotFoundError with a message."""
    with pytest.raises(openai.NotFoundError) as caught:
        client.fine_tuning.jobs.list()
    assert caught.value.type == "invalid_request_error"
