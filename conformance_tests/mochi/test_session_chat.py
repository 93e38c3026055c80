"""Talking in a session: what is answered, what is streamed, and what is kept."""

from typing import Any

import pytest

from conformance_tests.mochi.sessions import (
    ID,
    MESSAGE,
    ROOM,
    TIME,
    Sessions,
    completed,
    events_of,
    names,
    refusal,
    snapshot,
    text_of,
    whole,
)


def test_an_answer(sessions: Sessions) -> None:
    """The final reply with its counts and its place in the session, as it is stored."""
    id = sessions.begin()
    found = whole(sessions.say(id, "Say one."))
    message = found["message"]
    assert found["session_id"] == id
    assert (message["role"], message["content"]) == ("assistant", "one")
    assert (message["thinking"], message["model"]) == ("", "demo")
    assert ID.fullmatch(message["message_id"])
    assert TIME.fullmatch(message["timestamp"])
    assert found["tool_calls_executed"] == []
    assert found["context_window"] == {
        "current_window": ROOM,
        "usage_tokens": message["eval_count"] + message["prompt_eval_count"],
        "reason": "initial_setup",
    }
    assert sessions.said(id) == [("user", "Say one."), ("assistant", "one")]
    stored = sessions.messages(id)[1]
    assert stored.keys() == MESSAGE
    assert stored["thinking"] is None
    kept = {"role", "content", "model", "message_id", "timestamp", "eval_count"}
    assert {key: stored[key] for key in kept} == {key: message[key] for key in kept}


def test_a_stream(sessions: Sessions) -> None:
    """Text as it comes, then what it became, then the end; and the headers that proxies need."""
    id = sessions.begin()
    answer = sessions.stream(id, "Count to 20")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in answer.headers
    assert b"\r" not in answer.body
    events = events_of(answer)
    assert names(events) == ["content_delta", "message_complete", "done"]
    deltas = [event.data for event in events if event.name == "content_delta"]
    assert all(list(delta) == ["content", "role"] for delta in deltas)
    assert all(delta["content"] and delta["role"] == "assistant" for delta in deltas)
    assert len(deltas) >= 20
    assert text_of(events) == " ".join(map(str, range(1, 21)))
    end = completed(events)
    assert list(end) == [
        *["message_id", "model", "eval_count", "prompt_eval_count", "context_window"],
    ]
    assert end["context_window"] == {
        "current_window": ROOM,
        "usage_tokens": end["eval_count"] + end["prompt_eval_count"],
        "reason": "initial_setup",
    }
    assert events[-1].data == {"session_id": id}
    user, assistant = sessions.messages(id)
    assert user["content"] == "Count to 20"
    assert assistant["content"] == text_of(events)
    assert assistant["message_id"] == end["message_id"]
    assert (assistant["eval_count"], assistant["model"]) == (end["eval_count"], end["model"])


def test_by_then_it_is_on_disk(sessions: Sessions) -> None:
    """Whoever reads `message_complete` may read the file."""
    id = sessions.begin()
    with sessions.watch(id, "Say one.") as live:
        assert live.begin() == 200
        while (line := live.line()) and line != b"event: message_complete\n":
            pass
        assert sessions.written(id)["messages"][-1]["content"] == "one"


def test_line_breaks_within_a_text(sessions: Sessions) -> None:
    """One `data:` line, whatever the text; other separators of Unicode are no line breaks."""
    id = sessions.begin()
    text = "a\nb\r\nc\u2028d\x85e 🌱"
    events = events_of(sessions.stream(id, f"Say {text}."))
    assert text_of(events)
    assert sessions.said(id)[0] == ("user", f"Say {text}.")
    assert sessions.said(id)[1] == ("assistant", text_of(events))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_the_history_is_sent(sessions: Sessions, stream: bool) -> None:
    """What was said before, the prompt included, in this process or another one."""
    id = sessions.begin()
    sessions.say(id, "My name is Ada.")
    answer = (sessions.stream if stream else sessions.say)(id, "What is my name?")
    assert answer.status == 200
    assert "Ada" in sessions.messages(id)[-1]["content"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("think", [True, False, None])
def test_thinking(sessions: Sessions, stream: bool, think: bool | None) -> None:
    """With `think` it is shown and kept, before the text; without, there is none."""
    id = sessions.begin(model="demo-thinking")
    if stream:
        events = events_of(sessions.stream(id, "Say one.", think=think))
        thoughts = text_of(events, "thinking_delta")
        expected = ["thinking_delta"] if think else []
        assert names(events) == [*expected, "content_delta", "message_complete", "done"]
        assert all(list(e.data) == ["content"] for e in events if e.name == "thinking_delta")
    else:
        thoughts = whole(sessions.say(id, "Say one.", think=think))["message"]["thinking"]
    assert bool(thoughts) == bool(think)
    stored = sessions.messages(id)[-1]
    assert (stored["content"], stored["thinking"]) == ("one", thoughts or None)
    assert sessions.written(id)["metadata"]["format_version"] == ("1.4" if think else "1.3")


def test_think_for_a_model_that_cannot(sessions: Sessions) -> None:
    """Ollama would refuse it; a switch in a UI should not."""
    id = sessions.begin()
    assert whole(sessions.say(id, "Say one.", think=True))["message"]["thinking"] == ""


def test_thoughts_are_not_sent_back(sessions: Sessions) -> None:
    """They cost tokens, and models are trained without them."""
    counts = []
    for think in (True, False):
        id = sessions.begin(model="demo-thinking")
        sessions.say(id, "Say one.", think=think)
        found = whole(sessions.say(id, "Say two."))
        counts.append(found["message"]["prompt_eval_count"])
    assert counts[0] == counts[1]


def test_regenerate(sessions: Sessions) -> None:
    """`null` answers the last question again; the new answer replaces the old one."""
    id = sessions.begin()
    for word in ("one", "two"):
        sessions.say(id, f"Say {word}.")
    before = sessions.messages(id)
    for path, body in (
        (f"/chat/{id}/stream", {"message": None}),
        (f"/chat/{id}", {"message": None}),
        (f"/chat/{id}", {}),
    ):
        assert sessions.http.request("POST", path, body).status == 200
        after = sessions.messages(id)
        assert after[:3] == before[:3]
        assert [message["content"] for message in after[3:]] == ["two"]
        assert after[3]["message_id"] != before[3]["message_id"]
        before = after


def test_edit_and_regenerate(sessions: Sessions) -> None:
    """The usual way of a UI: another question, then its answer; nobody asks twice."""
    id = sessions.begin()
    for word in ("one", "two"):
        sessions.say(id, f"Say {word}.")
    sessions.http.request("PUT", f"/sessions/{id}/messages/0", {"content": "Say three."})
    events = events_of(sessions.stream(id, None))
    assert text_of(events) == "three"
    assert sessions.said(id) == [("user", "Say three."), ("assistant", "three")]


@pytest.mark.parametrize("path", ["/chat/{}", "/chat/{}/stream"])
@pytest.mark.parametrize("prompt", [None, "Be brief."])
def test_nothing_to_answer_again(sessions: Sessions, path: str, prompt: str | None) -> None:
    """400, before a stream would have begun."""
    id = sessions.begin(system_prompt=prompt)
    before = snapshot(sessions.data)
    answer = sessions.http.request("POST", path.format(id), {"message": None})
    assert refusal(answer) == (400, "INVALID_MESSAGE_INDEX")
    assert snapshot(sessions.data) == before


BODIES: list[Any] = [
    *[{"message": ""}, {"message": 7}, {"message": ["x"]}, {"message": {"content": "x"}}],
    *[{"message": "x", "think": "yes"}, {"message": "x", "think": 1}, [], b"null", b"{", b""],
    b'{"message": "\\ud800"}',
]


@pytest.mark.parametrize("path", ["/chat/{}", "/chat/{}/stream"])
@pytest.mark.parametrize("body", BODIES, ids=str)
def test_bad_bodies(sessions: Sessions, path: str, body: Any) -> None:
    """422 instead of a stream; nothing is kept."""
    id = sessions.begin()
    before = snapshot(sessions.data)
    answer = sessions.http.request("POST", path.format(id), body)
    assert refusal(answer) == (422, "VALIDATION_ERROR")
    assert snapshot(sessions.data) == before


def test_the_guards_are_before_streams_too(sessions: Sessions) -> None:
    """A page that could make the user's machine talk; nothing is kept."""
    id = sessions.begin()
    for headers in ({"Origin": "https://evil.example"}, {"Content-Type": "text/plain"}):
        named: dict[str, str | None] = dict(headers)
        answer = sessions.http.request("POST", f"/chat/{id}/stream", {"message": "x"}, named)
        assert refusal(answer)[0] in (403, 415)
    assert sessions.said(id) == []
