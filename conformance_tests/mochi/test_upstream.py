"""When Ollama is away, or comes back."""

import time
from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI

from conformance_tests.checks import completion
from conformance_tests.launcher import Gateway, free_port, gateway_alone, simulator
from conformance_tests.mochi.errors import error_of
from conformance_tests.wire import Server


@pytest.fixture(scope="module")
def alone(gateway: Gateway) -> Iterator[Server]:
    """The `/v1` of a gateway whose Ollama is not there."""
    with gateway_alone("http://127.0.0.1:1") as running:
        yield Server(running.root + "/v1", "demo", timeout=10)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_nobody_there(alone: Server, stream: bool) -> None:
    """RFC 9110, 15.6.3: 502; quickly, and before a stream would have begun."""
    began = time.monotonic()
    answer = alone.chat(stream=stream)
    error = error_of(answer)
    assert (answer.status, error["type"]) == (502, "server_error")
    assert error["code"] == "upstream_unavailable"
    assert time.monotonic() - began < 3


def test_the_list_fails_quickly_too(alone: Server) -> None:
    """Chat UIs ask for the models when a page is opened; nobody waits for a time-out there."""
    began = time.monotonic()
    answer = alone.get("/models")
    assert (answer.status, error_of(answer)["code"]) == (502, "upstream_unavailable")
    assert time.monotonic() - began < 3


def test_what_is_wrong_is_told_first(alone: Server) -> None:
    """A request that could never work is the client's mistake, whether Ollama is there or not."""
    assert alone.chat(temperature=9).status == 400


def test_the_gateway_itself_is_well(alone: Server) -> None:
    """A probe that failed here would have the gateway restarted, which helps nobody."""
    root = Server(alone.base_url.removesuffix("/v1"))
    assert root.get("/health").json == {"status": "ok"}


def test_sdk(alone: Server) -> None:
    """openai-python: InternalServerError with a code; it retries twice, and soon gives up."""
    client = OpenAI(base_url=alone.base_url, api_key="unused", timeout=10)
    with pytest.raises(openai.InternalServerError) as caught:
        client.models.list()
    assert caught.value.code == "upstream_unavailable"


def test_it_works_as_soon_as_ollama_is_back(gateway: Gateway) -> None:
    """No restart of the gateway, and no memory of the failure."""
    port = free_port()
    with gateway_alone(f"http://127.0.0.1:{port}") as running:
        server = Server(running.root + "/v1", "demo", timeout=10)
        for _ in range(2):
            assert server.chat().status == 502
            with simulator(port):
                assert completion(server.chat())
