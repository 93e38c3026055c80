"""What the server says beside an answer of `/v1`."""

import pytest

from conformance_tests.extension.api import Api
from conformance_tests.responding import function
from conformance_tests.wire import Server

pytestmark = pytest.mark.usefixtures("api")


def test_what_has_no_effect_is_named(api: Api, server: Server) -> None:
    """mochi API, headers: `x-mochi-ignored` names each field that had no effect, and where."""
    answer = server.chat(verbosity="low", field_of_next_year=[1], max_tokens=2)
    assert {"verbosity", "field_of_next_year"} <= {*ignored(answer.headers["x-mochi-ignored"])}
    tools = [{"type": "web_search"}, function()]
    body = {"model": server.model, "input": "Say hello.", "tools": tools}
    answer = server.request("POST", "/responses", body)
    assert "tools[0]" in answer.headers["x-mochi-ignored"]


def test_nothing_is_named_that_had_an_effect(server: Server) -> None:
    """mochi API, headers: there is no such header where everything was honoured."""
    answer = server.chat(temperature=0, seed=1, stop=["x"], max_tokens=2)
    assert answer.status == 200
    assert "x-mochi-ignored" not in answer.headers


def test_the_context_window_is_told(server: Server) -> None:
    """mochi API, headers: `x-mochi-num-ctx` is the window that the model was asked for."""
    assert int(server.chat(max_tokens=2).headers["x-mochi-num-ctx"]) >= 2048
    asked = server.chat(max_tokens=2, num_ctx=4096)
    assert asked.headers["x-mochi-num-ctx"] == "4096"


@pytest.mark.parametrize("path", ["/chat/completions", "/responses"])
def test_nginx_does_not_hold_a_stream_back(server: Server, path: str) -> None:
    """nginx buffers a response unless it says `X-Accel-Buffering: no`."""
    body = {**server.body(), "input": "Say hello.", "stream": True}
    del body["input" if path.startswith("/chat") else "messages"]
    assert server.request("POST", path, body).headers["x-accel-buffering"] == "no"


def ignored(header: str) -> list[str]:
    return [name.strip() for name in header.split(",")]
