"""A talk in a session, in one piece and as a stream of events."""

import pytest

from conformance_tests.extension.api import Api
from conformance_tests.mochi.sessions import completed, events_of, names, refusal, text_of, whole


def test_an_answer_is_kept(api: Api, session: str) -> None:
    """mochi API, chat: the question is saved before the answer, both with ids of their own."""
    found = whole(api.say(session, "Say hello."))
    assert found["session_id"] == session
    assert found["tool_calls_executed"] == []
    answer = found["message"]
    assert (answer["role"], answer["thinking"]) == ("assistant", "")
    assert answer["content"]
    assert api.said(session) == [("user", "Say hello."), ("assistant", answer["content"])]
    window = found["context_window"]
    assert window["usage_tokens"] == answer["eval_count"] + answer["prompt_eval_count"]
    assert window["current_window"] >= window["usage_tokens"]


def test_a_stream_tells_an_answer(api: Api, session: str) -> None:
    """mochi API, events: deltas, `message_complete`, `done`; by then the answer is kept."""
    events = events_of(api.stream(session, "Count to 20"))
    assert names(events) == ["content_delta", "message_complete", "done"]
    assert events[-1].data == {"session_id": session}
    assert api.said(session) == [("user", "Count to 20"), ("assistant", text_of(events))]
    last = api.found(f"/sessions/{session}/messages")["messages"][-1]
    assert completed(events)["message_id"] == last["message_id"]
    assert completed(events)["model"] == last["model"]


def test_nothing_holds_the_events_back(api: Api, session: str) -> None:
    """mochi API, events: no buffering on the way, no `id:` and no `retry:`."""
    answer = api.stream(session, "Say hello.")
    events_of(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"


def test_the_last_question_is_answered_again(api: Api, session: str) -> None:
    """mochi API, chat without a message: the answer is replaced, the question stays."""
    whole(api.say(session, "Say hello."))
    again = events_of(api.stream(session, None))
    assert api.said(session) == [("user", "Say hello."), ("assistant", text_of(again))]


def test_there_must_be_something_to_answer(api: Api, session: str) -> None:
    """mochi API, chat without a message: 400 where nobody has asked anything, also of a stream."""
    for answer in (api.say(session, None), api.stream(session, None)):
        assert refusal(answer) == (400, "INVALID_MESSAGE_INDEX")


def test_a_question_is_changed(api: Api, session: str) -> None:
    """mochi API, edit: all that followed is dropped; answers cannot be edited."""
    whole(api.say(session, "Say one."))
    path = f"/sessions/{session}/messages"
    assert refusal(api.http.request("PUT", f"{path}/1", {"content": "x"})) == (
        400,
        "INVALID_MESSAGE_INDEX",
    )
    changed = api.http.request("PUT", f"{path}/0", {"content": "Say two."})
    assert changed.json == {"session_id": session, "message_index": 0, "message_count": 1}
    assert api.said(session) == [("user", "Say two.")]


def test_the_model_remembers(api: Api, session: str) -> None:
    """mochi API, chat: the whole session is sent, so that prompts grow with it."""
    first = whole(api.say(session, "My name is Ada. " * 20))["message"]
    second = whole(api.say(session, "Say hello."))["message"]
    assert second["prompt_eval_count"] > first["prompt_eval_count"]


def test_thinking_is_told_apart(api: Api, thinking_model: str) -> None:
    """mochi API, `think`: thoughts before the text, as events of their own, and kept."""
    with api.session(model=thinking_model) as id:
        events = events_of(api.stream(id, "Say hello.", think=True))
        assert names(events)[:2] == ["thinking_delta", "content_delta"]
        last = api.found(f"/sessions/{id}/messages")["messages"][-1]
        assert last["thinking"] == text_of(events, "thinking_delta")


@pytest.mark.parametrize("message", ["", 5, ["Hello."]])
def test_a_message_is_a_text(api: Api, session: str, message: object) -> None:
    """mochi API, chat: at least one character; nothing is kept of what is refused."""
    answer = api.http.request("POST", f"/chat/{session}", {"message": message})
    assert refusal(answer) == (422, "VALIDATION_ERROR")
    assert api.said(session) == []
