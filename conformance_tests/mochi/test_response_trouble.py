"""What Ollama and the network can do wrong while a response is made.

Before the first event a failure is a real status. After it the stream ends in `response.failed`,
and the response is kept as failed, if it is kept.
"""

import pytest

from conformance_tests.mochi.errors import error_of
from conformance_tests.mochi.test_trouble import AT_ONCE, HARMLESS, MIDWAY
from conformance_tests.responding import Responses, response_of, text_of
from conformance_tests.response_events import events_of, violations

pytestmark = pytest.mark.usefixtures("gateway")

COUNT = "Count to 20"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", AT_ONCE)
def test_before_the_first_event(responses: Responses, name: str, stream: bool) -> None:
    """OmniRoute 13964: an early 200 hides the status by which SDKs choose what to do."""
    answer = responses.create(COUNT, model=f"demo-broken-{name}", stream=stream)
    status, code = AT_ONCE[name]
    assert error_of(answer)["code"] == code
    assert answer.status == status or (code == "model_not_found" and answer.status == 400)


@pytest.mark.parametrize("name", MIDWAY)
def test_after_the_first_event(responses: Responses, name: str) -> None:
    """langchain 39041: clients that do not know `response.failed` look at status and error."""
    answer = responses.create(COUNT, model=f"demo-broken-{name}", stream=True)
    assert (answer.status, answer.complete) == (200, True)
    events = events_of(answer.body)
    assert violations(events) == []
    assert events[-1]["type"] == "response.failed"
    response = events[-1]["response"]
    assert response["error"]["code"]
    assert response["error"]["message"]
    assert responses.found(response["id"]) == response


@pytest.mark.parametrize("name", MIDWAY)
def test_half_an_answer_is_none(responses: Responses, name: str) -> None:
    """An answer in one piece has a status still: 502, not half a text with 200."""
    answer = responses.create(COUNT, model=f"demo-broken-{name}")
    assert (answer.status, error_of(answer)["code"]) == (502, "upstream_error")


@pytest.mark.parametrize("name", MIDWAY[:3])
def test_in_the_background(responses: Responses, name: str) -> None:
    """Nobody is there to be told, so the response itself says that it failed."""
    begun = response_of(responses.create(COUNT, model=f"demo-broken-{name}", background=True))
    ended = responses.ended(begun["id"])
    assert (ended["status"], bool(ended["error"]["message"])) == ("failed", True)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", HARMLESS)
def test_what_does_no_harm(responses: Responses, name: str, stream: bool) -> None:
    """Packets are cut anywhere, older servers say less; the answer is whole all the same."""
    fields = {"model": f"demo-broken-{name}"}
    if stream:
        assert text_of(responses.streamed(COUNT, **fields)[-1]["response"])
    else:
        assert text_of(responses.made(COUNT, **fields))


def test_an_answer_without_words(responses: Responses) -> None:
    """Models may say nothing; that is an empty message, not an error."""
    for response in (
        responses.made(model="demo-broken-empty"),
        responses.streamed(model="demo-broken-empty")[-1]["response"],
    ):
        assert (response["status"], text_of(response)) == ("completed", "")


def test_thinking_that_never_ends(responses: Responses) -> None:
    """A model may think until its tokens are used up: `incomplete`, with the thoughts."""
    response = response_of(responses.create(model="demo-broken-thinking-only"))
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert response["output"][0]["type"] == "reasoning"
