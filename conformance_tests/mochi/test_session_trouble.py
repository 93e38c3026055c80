"""When Ollama fails in the middle of a session: what is told, and what is kept."""

import time
from collections.abc import Iterator

import pytest

from conformance_tests.launcher import Gateway, free_port, gateway_alone, simulator
from conformance_tests.mochi.sessions import (
    Sessions,
    completed,
    events_of,
    names,
    refusal,
    text_of,
    whole,
)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_failed_attempt_loses_nothing(sessions: Sessions, stream: bool) -> None:
    """The old answer stays until there is a new one."""
    id = sessions.begin()
    sessions.say(id, "Say one.")
    before = sessions.messages(id)
    sessions.http.request("PATCH", f"/sessions/{id}", {"model": "demo-broken-close-first"})
    (sessions.stream if stream else sessions.say)(id, None)
    assert sessions.messages(id) == before


FIRST: dict[str, tuple[int, str]] = {
    "memory": (502, "OLLAMA_ERROR"),
    "load": (502, "OLLAMA_ERROR"),
    "busy": (503, "OLLAMA_BUSY"),
    "gone": (404, "MODEL_NOT_FOUND"),
    "engine-error": (502, "OLLAMA_ERROR"),
    "empty-body": (502, "OLLAMA_ERROR"),
    "reset-first": (502, "OLLAMA_ERROR"),
    "close-first": (502, "OLLAMA_ERROR"),
    "html": (502, "OLLAMA_ERROR"),
    "framing": (502, "OLLAMA_ERROR"),
    "status-500": (502, "OLLAMA_ERROR"),
    "status-503": (503, "OLLAMA_BUSY"),
}


@pytest.mark.parametrize("name", FIRST)
def test_before_the_first_token(sessions: Sessions, name: str) -> None:
    """A status for an answer in one piece; in a stream, which is open, `error` and `done`.
    The question is kept, and no answer."""
    id = sessions.begin(model=f"demo-broken-{name}")
    assert refusal(answer := sessions.say(id, "Count to 20")) == FIRST[name]
    if name == "busy":
        assert float(answer.headers["retry-after"]) > 0
    assert sessions.said(id) == [("user", "Count to 20")]
    events = events_of(sessions.stream(id, None))
    assert names(events) == ["error", "done"]
    assert list(events[0].data) == ["code", "message", "details"]
    assert events[0].data["code"] == FIRST[name][1]
    assert events[0].data["message"]
    assert events[0].data["details"]["session_id"] == id
    assert sessions.said(id) == [("user", "Count to 20")]


MIDWAY = ["engine-dies", "runner-stops", "no-done", "reset", "half-line", "garbage"]


@pytest.mark.parametrize("name", MIDWAY)
def test_after_the_first_token(sessions: Sessions, name: str) -> None:
    """What came is shown and kept, with counts of `null`: the mark of an answer cut short."""
    id = sessions.begin(model=f"demo-broken-{name}")
    events = events_of(sessions.stream(id, "Count to 20"))
    assert names(events) == ["content_delta", "error", "done"]
    assert events[-2].data["code"] == "OLLAMA_ERROR"
    assert events[-2].data["details"]["session_id"] == id
    user, partial = sessions.messages(id)
    assert user["content"] == "Count to 20"
    assert partial["content"] == text_of(events) != ""
    assert partial["eval_count"] is partial["prompt_eval_count"] is partial["tool_calls"] is None
    assert sessions.written(id)["messages"][1]["eval_count"] is None


@pytest.mark.parametrize("name", MIDWAY)
def test_half_an_answer_is_none(sessions: Sessions, name: str) -> None:
    """502 for an answer in one piece; what came is kept all the same."""
    id = sessions.begin(model=f"demo-broken-{name}")
    assert refusal(sessions.say(id, "Count to 20")) == (502, "OLLAMA_ERROR")
    assert [message["eval_count"] for message in sessions.messages(id)] == [None, None]


def test_ollamas_words_are_told(sessions: Sessions) -> None:
    """ "out of memory" helps; "upstream failed" does not."""
    id = sessions.begin(model="demo-broken-memory")
    assert "out of memory" in sessions.say(id, "Hi").json["error"]["message"]


def test_after_a_failure_it_goes_on(sessions: Sessions) -> None:
    """Another model takes over; `null` answers what the first one could not."""
    id = sessions.begin(model="demo-broken-engine-dies")
    sessions.stream(id, "Count to 20")
    sessions.http.request("PATCH", f"/sessions/{id}", {"model": "demo"})
    events = events_of(sessions.stream(id, None))
    assert completed(events)["model"] == "demo"
    assert sessions.said(id) == [("user", "Count to 20"), ("assistant", text_of(events))]
    assert text_of(events).endswith("20")


@pytest.mark.parametrize("name", ["no-eval-count", "drip", "split", "burst", "megabyte"])
def test_what_does_no_harm(sessions: Sessions, name: str) -> None:
    """However the bytes come, and where counts are missing, the answer is whole."""
    id = sessions.begin(model=f"demo-broken-{name}")
    events = events_of(sessions.stream(id, "Count to 20"))
    assert names(events) == ["content_delta", "message_complete", "done"]
    assert sessions.said(id)[1] == ("assistant", text_of(events))
    if name == "no-eval-count":
        assert completed(events)["context_window"]["usage_tokens"] == 0


def test_an_answer_of_no_words(sessions: Sessions) -> None:
    """A model may say nothing; that is no failure, and the turn is kept."""
    id = sessions.begin(model="demo-broken-empty")
    assert names(events_of(sessions.stream(id, "Hi"))) == ["message_complete", "done"]
    assert sessions.said(id) == [("user", "Hi"), ("assistant", "")]


@pytest.fixture(scope="module")
def impatient(gateway: Gateway) -> Iterator[Sessions]:
    """A gateway that waits half a second for Ollama."""
    with gateway_alone(
        gateway.ollama,
        MOCHI_UPSTREAM_FIRST_BYTE_TIMEOUT_SECONDS="0.5",
        MOCHI_UPSTREAM_READ_TIMEOUT_SECONDS="0.5",
    ) as running:
        yield Sessions(running)


def test_a_silent_ollama(impatient: Sessions) -> None:
    """504, or the event of it; the question is kept, and so is what came before the silence."""
    id = impatient.begin(model="demo-broken-silent")
    assert refusal(impatient.say(id, "Count to 20")) == (504, "OLLAMA_TIMEOUT")
    events = events_of(impatient.stream(id, None))
    assert names(events) == ["error", "done"]
    assert events[0].data["code"] == "OLLAMA_TIMEOUT"
    assert impatient.said(id) == [("user", "Count to 20")]
    id = impatient.begin(model="demo-broken-silent-later")
    events = events_of(impatient.stream(id, "Count to 20"))
    assert names(events) == ["content_delta", "error", "done"]
    assert impatient.said(id)[1] == ("assistant", text_of(events))


def test_without_ollama_and_after(gateway: Gateway) -> None:
    """The question is kept; as soon as Ollama is back, `null` has it answered."""
    port = free_port()
    with gateway_alone(f"http://127.0.0.1:{port}") as running:
        sessions = Sessions(running)
        sessions.put("abcdef0123", {"metadata": {"model": "demo"}, "messages": []})
        began = time.monotonic()
        refused = refusal(sessions.say("abcdef0123", "Say one."))
        assert refused == (502, "OLLAMA_UNREACHABLE")
        events = events_of(sessions.stream("abcdef0123", None))
        assert names(events) == ["error", "done"]
        assert events[0].data["code"] == "OLLAMA_UNREACHABLE"
        assert time.monotonic() - began < 3
        assert sessions.said("abcdef0123") == [("user", "Say one.")]
        with simulator(port):
            assert whole(sessions.say("abcdef0123", None))["message"]["content"] == "one"
        assert sessions.said("abcdef0123") == [("user", "Say one."), ("assistant", "one")]
