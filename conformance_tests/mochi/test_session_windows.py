"""The context window of a session: what is chosen, what Ollama is asked for, and what is kept."""

import itertools
from typing import Any

import pytest

from conformance_tests.launcher import Gateway
from conformance_tests.mochi.sessions import (
    ROOM,
    Sessions,
    completed,
    events_of,
    names,
    refusal,
    whole,
)
from conformance_tests.wire import Server

_fresh = itertools.count()


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
    """Ollama would forget its beginning in silence. 502, and a larger model takes over."""
    id = sessions.begin(model="demo")
    sessions.say(id, "My name is Ada.")
    question = "x " * 9_000
    answer = sessions.say(id, question)
    assert refusal(answer) == (502, "OLLAMA_ERROR")
    assert answer.json["error"]["details"]["reason"] == "context_length_exceeded"
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
