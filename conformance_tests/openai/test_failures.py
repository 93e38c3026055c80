"""What is told when a model fails amid its answer."""

import pytest

from conformance_tests.responding import Responses
from conformance_tests.response_events import events_of
from conformance_tests.wire import Server, ask

COUNT = ask("Count to 20")


def test_a_stream_that_fails_ends_in_an_error(server: Server, failing_model: str) -> None:
    """openai-python and openai-node raise on a frame with `error`. mistral.rs 1874: an error as
    plain text is none, and a stream that is left open keeps its reader for ever.
    """
    brief = Server(server.base_url, server.model, server.key, min(server.timeout, 10))
    answer = brief.stream(model=failing_model, messages=COUNT)
    assert answer.complete
    *chunks, last = answer.chunks
    assert last["error"]["message"]
    assert all("error" not in chunk for chunk in chunks)


def test_a_stream_that_fails_has_no_happy_end(server: Server, failing_model: str) -> None:
    """A reason or [DONE] after a failure passes half an answer off as a whole one."""
    brief = Server(server.base_url, server.model, server.key, min(server.timeout, 10))
    with brief.open(
        "POST", "/chat/completions", brief.body(model=failing_model, messages=COUNT, stream=True)
    ) as live:
        live.begin()
        try:
            body = live.rest().body
        except TimeoutError:
            pytest.skip("this stream does not end at all")
    assert b"[DONE]" not in body
    assert b'"finish_reason":"' not in body.replace(b" ", b"")


def test_a_response_that_fails_says_so(responses: Responses, failing_model: str) -> None:
    """langchain 39041: clients that do not know `response.failed` look at status and error."""
    answer = responses.create("Count to 20", model=failing_model, stream=True)
    last = events_of(answer.body)[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["status"] == "failed"
    assert last["response"]["error"]["code"]
    assert last["response"]["error"]["message"]
