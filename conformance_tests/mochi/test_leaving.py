"""A client that leaves stops the model: Ollama serves few at a time, and somebody is waiting."""

import socket
import struct
import time

import pytest

from conformance_tests.mochi.standin import StandIn
from conformance_tests.wire import Live, Server

SOON = 1.0
"""Seconds after which the request to Ollama must be gone."""


def reset(live: Live) -> None:
    """Make closing abort the connection, as a crashed client's machine does."""
    live.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("abort", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize("model", ["talk", "flood"])
def test_in_the_middle_of_a_stream(
    watched: Server, standin: StandIn, model: str, abort: bool
) -> None:
    """UIs have a stop button; openai-python's `stream.close()` closes the socket."""
    with watched.open("POST", "/chat/completions", watched.body(model=model, stream=True)) as live:
        assert live.begin() == 200
        assert live.line().startswith(b"data: ")
        assert standin.wait_for(1, 1)
        if abort:
            reset(live)
    assert standin.wait_for(0, SOON)


@pytest.mark.parametrize("abort", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", ["silent", "talk"])
def test_before_the_first_byte(
    watched: Server, standin: StandIn, model: str, stream: bool, abort: bool
) -> None:
    """While a model loads, or an answer in one piece is made, only the connection can tell."""
    if model == "talk" and stream:
        pytest.skip("its first byte comes at once")
    body = watched.body(model=model, stream=stream)
    with watched.open("POST", "/chat/completions", body) as live:
        assert standin.wait_for(1, 2)
        if abort:
            reset(live)
    assert standin.wait_for(0, SOON)


def test_without_reading(watched: Server, standin: StandIn) -> None:
    """A client may stop reading and go: the server is then blocked in the middle of a write."""
    body = watched.body(model="flood", stream=True)
    with watched.open("POST", "/chat/completions", body) as live:
        live.begin()
        time.sleep(0.5)
    assert standin.wait_for(0, SOON)


def test_a_slow_reader_holds_up_nobody(watched: Server, standin: StandIn) -> None:
    """Backpressure: what one client does not take is not read upstream, and others are served."""
    body = watched.body(model="flood", stream=True)
    with watched.open("POST", "/chat/completions", body) as slow:
        slow.begin()
        time.sleep(0.5)
        began = time.monotonic()
        with watched.open("POST", "/chat/completions", watched.body(stream=True)) as other:
            assert other.begin() == 200
            assert other.line().startswith(b"data: ")
        assert time.monotonic() - began < 1
    assert standin.wait_for(0, SOON)


def test_many_at_a_time(watched: Server, standin: StandIn) -> None:
    """A closed laptop takes all of its connections with it."""
    body = watched.body(stream=True)
    lives = [watched.open("POST", "/chat/completions", body) for _ in range(40)]
    for live in lives:
        assert live.begin() == 200
    assert standin.wait_for(40, 2)
    for live in lives:
        live.response.close()
        live.connection.close()
    assert standin.wait_for(0, SOON)
