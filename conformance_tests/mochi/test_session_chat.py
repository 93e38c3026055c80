"""Talking in a session: what is answered, what is streamed, and what is kept."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from conformance_tests.launcher import Gateway, free_port, gateway_alone, simulator
from conformance_tests.mochi.sessions import (
    ID,
    MESSAGE,
    TIME,
    Event,
    Sessions,
    events_of,
    refusal,
    snapshot,
)
from conformance_tests.wire import Answer, Server

_fresh = itertools.count()

ROOM = int(8192 * 0.9)
"""The largest window for `demo`."""


@pytest.fixture
def long() -> str:
    """A large model that nobody has asked before."""
    return f"demo-long:untold-{next(_fresh)}"


@pytest.fixture(scope="module")
def ollama(gateway: Gateway) -> Server:
    """The simulated Ollama itself."""
    return Server(gateway.ollama)


def loaded(ollama: Server, model: str) -> int:
    """The window with which Ollama has the model in memory."""
    (one,) = [
        one
        for one in ollama.get("/api/ps").json["models"]
        if one["name"].removesuffix(":latest") == model.removesuffix(":latest")
    ]
    window: int = one["context_length"]
    return window


def names(events: list[Event]) -> list[str]:
    """The names of the events, each run of equal ones as one."""
    return [name for name, _ in itertools.groupby(event.name for event in events)]


def text_of(events: list[Event], name: str = "content_delta") -> str:
    return "".join(event.data["content"] for event in events if event.name == name)


def completed(events: list[Event]) -> dict[str, Any]:
    (one,) = [event.data for event in events if event.name == "message_complete"]
    return one


def whole(answer: Answer) -> dict[str, Any]:
    """An answer in one piece, its fields in place."""
    assert answer.status == 200, answer.body[:500]
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json
    assert list(found) == ["session_id", "message", "tool_calls_executed", "context_window"]
    assert list(found["message"]) == [
        *["role", "content", "thinking", "model", "message_id", "timestamp"],
        *["eval_count", "prompt_eval_count"],
    ]
    assert list(found["context_window"]) == ["current_window", "usage_tokens", "reason"]
    return found


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


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_failed_attempt_loses_nothing(sessions: Sessions, stream: bool) -> None:
    """The old answer stays until there is a new one."""
    id = sessions.begin()
    sessions.say(id, "Say one.")
    before = sessions.messages(id)
    sessions.http.request("PATCH", f"/sessions/{id}", {"model": "demo-broken-close-first"})
    (sessions.stream if stream else sessions.say)(id, None)
    assert sessions.messages(id) == before


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


def test_the_window_is_sent(sessions: Sessions, ollama: Server, long: str) -> None:
    """8192 for anything short, and what is told is what Ollama was asked for."""
    id = sessions.begin(model=long)
    events = events_of(sessions.stream(id, "Say one."))
    used = completed(events)["context_window"]
    assert (used["current_window"], used["reason"]) == (8192, "initial_setup")
    assert loaded(ollama, long) == 8192
    used = whole(sessions.say(id, "Say two."))["context_window"]
    assert (used["current_window"], used["reason"]) == (8192, "no_adjustment")
    assert loaded(ollama, long) == 8192


def test_no_window_beyond_the_model(sessions: Sessions, ollama: Server) -> None:
    """At most 90 % of what the model has room for."""
    id = sessions.begin(model="demo-go")
    assert whole(sessions.say(id, "Say one."))["context_window"]["current_window"] == ROOM
    assert loaded(ollama, "demo-go") == ROOM


def test_the_window_grows_in_doublings(sessions: Sessions, ollama: Server, long: str) -> None:
    """A change is a reload of the model: only when three halves of the need exceed the window."""
    id = sessions.begin(model=long)
    windows = []
    for size in (10, 3_000, 3_500, 10, 10_000, 10):
        used = whole(sessions.say(id, "tree " * size))["context_window"]
        assert loaded(ollama, long) == used["current_window"]
        windows.append((used["current_window"], used["reason"]))
    sizes = [size for size, _ in windows]
    assert sizes == sorted(sizes)
    assert sizes[0] == 8192
    assert sizes[-1] > 32_000
    assert all(size & (size - 1) == 0 for size in sizes)
    for (before, _), (after, reason) in itertools.pairwise(windows):
        assert reason == ("usage_threshold" if after > before else "no_adjustment")
    config = sessions.detail(id)["context_window_config"]
    assert config["current_window"] == sizes[-1]
    grown = [entry["window_size"] for entry in config["adjustment_history"]]
    assert grown == sorted(set(sizes))
    status = sessions.http.get(f"/sessions/{id}/status").json["context_window"]
    assert status["current_window"] == sizes[-1]


def test_a_conversation_too_long_for_its_model(sessions: Sessions) -> None:
    """Ollama would forget its beginning in silence. 422, and a larger model takes over."""
    id = sessions.begin(model="demo")
    sessions.say(id, "My name is Ada.")
    question = "x " * 9_000
    answer = sessions.say(id, question)
    assert refusal(answer) == (422, "VALIDATION_ERROR")
    events = events_of(sessions.stream(id, None))
    assert names(events) == ["error", "done"]
    assert [text for _, text in sessions.said(id)][2:] == [question]
    sessions.http.request("PATCH", f"/sessions/{id}", {"model": "demo-long"})
    window = whole(sessions.say(id, None))["context_window"]
    assert window["current_window"] > 9_000
    assert len(sessions.messages(id)) == 4


def test_another_model(sessions: Sessions, long: str) -> None:
    """PATCH changes no window; the next request decides for the model that answers it."""
    id = sessions.begin(model=long)
    sessions.say(id, "Say one.")
    sessions.http.request("PATCH", f"/sessions/{id}", {"model": "demo"})
    assert sessions.detail(id)["context_window_config"]["current_window"] == 8192
    used = whole(sessions.say(id, "Say two."))["context_window"]
    assert (used["current_window"], used["reason"]) == (ROOM, "model_change")


@pytest.mark.parametrize("model", ["demo-long:doors", "demo-qwen"])
def test_a_v1_chat_does_not_reload_the_model(
    sessions: Sessions, server: Server, ollama: Server, model: str
) -> None:
    """Two doors to one model, large or small: each reload costs seconds to minutes."""
    id = sessions.begin(model=model)
    sessions.say(id, "Say one.")
    window = loaded(ollama, model)
    assert server.chat(model=model, max_tokens=5).status == 200
    assert loaded(ollama, model) == window


def test_nor_after_the_session_has_grown(
    sessions: Sessions, server: Server, ollama: Server, long: str
) -> None:
    """What the one door has grown the other does not shrink."""
    id = sessions.begin(model=long)
    window = whole(sessions.say(id, "tree " * 9_000))["context_window"]["current_window"]
    assert loaded(ollama, long) == window > 8192
    assert server.chat(model=long, max_tokens=5).status == 200
    assert loaded(ollama, long) == window


def test_a_session_with_a_window_of_its_own(sessions: Sessions, ollama: Server, long: str) -> None:
    """`manual_override`: whoever set it in the file gets it, unchanged."""
    id = sessions.begin(model=long)
    document = sessions.written(id)
    config = document["metadata"]["context_window_config"]
    config |= {"manual_override": True, "current_window": 5_000}
    sessions.put(id, document)
    used = whole(sessions.say(id, "Say one."))["context_window"]
    assert (used["current_window"], used["reason"]) == (5_000, "manual_override")
    assert loaded(ollama, long) == 5_000


def used(tokens: int | None, model: str = "demo-long:untold", text: str = "Hi.") -> dict[str, Any]:
    """A stored answer of so many tokens, its prompt included; `None` for one that was cut short."""
    counts = (None, None) if tokens is None else (tokens - 1_000, 1_000)
    return {
        "role": "assistant",
        "content": text,
        "model": model,
        "message_id": "2222222222",
        "timestamp": "2026-03-04T05:06:07.000890",
        "prompt_eval_count": counts[0],
        "eval_count": counts[1],
        "tool_calls": None,
    }


RULES: dict[str, tuple[list[Any], dict[str, Any], tuple[int | None, str]]] = {
    "manual": ([used(9_000)], {"manual_override": True}, (8192, "manual_override")),
    "manual of none": (
        [used(9_000)],
        {"manual_override": True, "current_window": None},
        (32_768, "initial_setup"),
    ),
    "off": ([used(9_000)], {"dynamic_enabled": False}, (None, "no_adjustment")),
    "manual, off": (
        [used(9_000)],
        {"manual_override": True, "dynamic_enabled": False},
        (8192, "manual_override"),
    ),
    "another model": ([used(5_000, "demo")], {}, (16_384, "model_change")),
    "another model, smaller": (
        [used(2_000, "demo")],
        {"current_window": 65_536},
        (8192, "model_change"),
    ),
    "nothing used": ([], {"current_window": None}, (8192, "initial_setup")),
    "only cut short": ([used(None)], {"current_window": None}, (8192, "initial_setup")),
    "no longer used": ([], {"current_window": 32_768}, (32_768, "initial_setup")),
    "no window": ([used(5_000)], {"current_window": None}, (16_384, "initial_setup")),
    "just enough": ([used(5_461)], {}, (8192, "no_adjustment")),
    "not enough": ([used(5_462)], {}, (16_384, "usage_threshold")),
    "a step further": ([used(8_193)], {}, (32_768, "usage_threshold")),
    "the latest counts": ([used(50_000), used(2_000)], {}, (8192, "no_adjustment")),
    "not the cut one": ([used(5_462), used(None)], {}, (16_384, "usage_threshold")),
    "beyond": ([used(100_000)], {}, (int(131_072 * 0.9), "usage_threshold")),
    "never shrinks": ([used(2_000)], {"current_window": 65_536}, (65_536, "no_adjustment")),
    "unless too large": (
        [used(2_000)],
        {"current_window": 131_072},
        (int(131_072 * 0.9), "no_adjustment"),
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_the_rules_of_the_window(sessions: Sessions, ollama: Server, case: str) -> None:
    """Seven rules, of which the first that applies decides; half as much again is always free."""
    stored, config, expected = RULES[case]
    id = sessions.begin(model="demo-long:untold")
    found = sessions.written(id)
    found["metadata"]["context_window_config"] |= {"current_window": 8192, **config}
    question = {**used(None), "role": "user", "content": "Hello."}
    found["messages"] = [question, *stored]
    sessions.put(id, found)
    window = whole(sessions.say(id, "Say one."))["context_window"]
    assert (window["current_window"], window["reason"]) == expected
    if expected[0]:
        assert loaded(ollama, "demo-long:untold") == expected[0]
    kept = sessions.detail(id)["context_window_config"]
    history = [entry["reason"] for entry in kept["adjustment_history"]]
    quiet = expected[1] in ("no_adjustment", "manual_override")
    assert history == ([] if quiet else [expected[1]])
    assert kept["last_adjustment"] == expected[1]
    assert kept["current_window"] == expected[0] or expected[0] is None


@pytest.mark.parametrize(("other", "entries"), [("demo-long", 10), ("demo-tools", 1)])
def test_the_last_ten_adjustments_are_kept(sessions: Sessions, other: str, entries: int) -> None:
    """A file that grows for ever helps nobody; and what stays the same is no adjustment."""
    id = sessions.begin()
    for turn in range(12):
        model = "demo" if turn % 2 else other
        sessions.http.request("PATCH", f"/sessions/{id}", {"model": model})
        assert sessions.say(id, "Say one.").status == 200
    history = sessions.detail(id)["context_window_config"]["adjustment_history"]
    assert len(history) == entries
    assert all(
        list(entry) == ["timestamp", "window_size", "reason", "usage_tokens"] for entry in history
    )


def test_the_guards_are_before_streams_too(sessions: Sessions) -> None:
    """A page that could make the user's machine talk; nothing is kept."""
    id = sessions.begin()
    for headers in ({"Origin": "https://evil.example"}, {"Content-Type": "text/plain"}):
        named: dict[str, str | None] = dict(headers)
        answer = sessions.http.request("POST", f"/chat/{id}/stream", {"message": "x"}, named)
        assert refusal(answer)[0] in (403, 415)
    assert sessions.said(id) == []
