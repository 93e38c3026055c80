"""Responses that are made while nobody waits: `background`."""

from typing import Any

import pytest

from conformance_tests.checks import error_of
from conformance_tests.judging.verdicts import offered
from conformance_tests.responding import Event, Responses, response_of, stream_of, text_of
from conformance_tests.response_events import events_of, violations

COUNT = "Count to 20"
LONG = "Count to 2000"
WAITING = ("queued", "in_progress")


@pytest.fixture(scope="module")
def behind(stateful: Responses) -> Responses:
    """The same, if it works in the background."""
    answer = offered(stateful.create(background=True), "background")
    assert answer.status == 200, answer.body
    return stateful


def test_it_is_answered_at_once_and_ends(behind: Responses) -> None:
    """OpenAI's guide to background mode: `queued`, then polled until it is over."""
    begun = response_of(behind.create(COUNT, background=True))
    assert begun["status"] in WAITING
    assert (begun["background"], begun["output"]) == (True, [])
    ended = behind.ended(begun["id"])
    assert ended["status"] == "completed"
    assert text_of(ended)
    assert ended["background"] is True


@pytest.mark.cooperation(times=3, least=2)
def test_it_is_followed(behind: Responses) -> None:
    """A response that was made in the background is one like any other."""
    first = behind.ended(behind.create("My name is Ada.", background=True).json["id"])
    second = behind.made("What is my name?", previous_response_id=first["id"])
    assert "Ada" in text_of(second)


def test_it_is_cancelled_once_or_twice(behind: Responses, slow_model: str) -> None:
    """OpenAI API reference, cancel: idempotent, and the response stays cancelled."""
    id = behind.create(LONG, model=slow_model, background=True).json["id"]
    first = response_of(behind.cancel(id))
    assert (first["id"], first["status"]) == (id, "cancelled")
    assert response_of(behind.cancel(id))["status"] == "cancelled"
    assert behind.found(id)["status"] == "cancelled"


def test_what_is_over_is_not_cancelled(behind: Responses) -> None:
    """OpenAI API reference, cancel: it answers with the response as it is."""
    ended = behind.ended(behind.create(background=True).json["id"])
    answer = behind.cancel(ended["id"])
    assert answer.status in (200, 400)
    assert behind.found(ended["id"]) == ended


def test_a_stream_of_it_is_in_order(behind: Responses) -> None:
    """OpenAI's guide to background mode: `stream` beside it, from `queued` on."""
    events = behind.streamed(COUNT, background=True)
    assert events[0]["response"]["background"] is True
    assert behind.found(events[-1]["response"]["id"]) == events[-1]["response"]


def test_who_leaves_the_stream_does_not_end_it(behind: Responses, slow_model: str) -> None:
    """OpenAI's guide to background mode: a stream can be left and resumed."""
    begun = part_of(behind, slow_model, lines=20)
    id = begun[0]["response"]["id"]
    assert behind.found(id)["status"] == "in_progress"
    last = begun[-1]["sequence_number"]
    rest = stream_of(behind.get(id, stream="true", starting_after=last), starting_after=last)
    assert violations([*begun, *rest]) == []
    assert rest[-1]["response"]["status"] == "completed"
    assert behind.found(id) == rest[-1]["response"]


def part_of(behind: Responses, model: str, lines: int) -> list[Event]:
    """The first events of a stream that is left in the middle."""
    with behind.watch(COUNT, background=True, model=model) as live:
        assert live.begin() == 200
        read = b"".join(live.line() for _ in range(lines))
    whole, _, _ = read.rpartition(b"\n\n")
    return events_of(whole)


def test_it_is_told_again_from_the_beginning(behind: Responses) -> None:
    """openai-python's `responses.stream(response_id=…)` needs `response.created` in the replay."""
    events = behind.streamed(COUNT, background=True)
    id = events[-1]["response"]["id"]
    again = stream_of(behind.get(id, stream="true"))
    assert again[0]["type"] == "response.created"
    assert again[-1]["response"] == events[-1]["response"]


def test_nothing_follows_the_last_event(behind: Responses) -> None:
    """`starting_after` the end: an empty rest, or a refusal, but no stream that never ends."""
    events = behind.streamed(COUNT, background=True)
    id, last = events[-1]["response"]["id"], events[-1]["sequence_number"]
    answer = behind.get(id, stream="true", starting_after=last)
    assert answer.status in (200, 400)
    assert answer.complete


@pytest.mark.parametrize("query", [{"stream": "perhaps"}, {"stream": "true", "starting_after": -5}])
def test_a_bad_query_is_refused(behind: Responses, query: dict[str, Any]) -> None:
    """OpenAI API reference, retrieve: a flag, and the number of an event."""
    id = behind.made()["id"]
    answer = behind.get(id, **query)
    assert (answer.status, error_of(answer)["type"]) == (400, "invalid_request_error")
