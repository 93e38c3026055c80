"""Summaries that nobody asked for: when they are made, and what they never do."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.sessions import Sessions, events_of
from conformance_tests.mochi.summariser import Summariser
from conformance_tests.mochi.toolboxes import soon

eventually = partial(soon, seconds=20)

ON = {"MOCHI_SUMMARIZATION_ENABLED": "true"}


@pytest.fixture(scope="module")
def machine(gateway: Gateway) -> Iterator[Summariser]:
    with Summariser() as listening:
        yield listening


@pytest.fixture
def ollama(machine: Summariser) -> Summariser:
    """As if nobody had asked it anything."""
    machine.reset()
    return machine


def start(ollama: Summariser, data: Path, **settings: str) -> AbstractContextManager[Gateway]:
    return gateway_alone(ollama.url, MOCHI_DATA_DIR=str(data), **ON | settings)


@pytest.fixture(scope="module")
def summing(machine: Summariser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sessions]:
    data = tmp_path_factory.mktemp("summing")
    with start(machine, data) as running:
        yield Sessions(running, "talk", timeout=10, data=data)


@pytest.fixture
def summed(summing: Sessions, ollama: Summariser) -> Iterator[Sessions]:
    """Sessions of a gateway that summarises; none is left to a later test."""
    yield summing
    for one in summing.http.get("/sessions").json["sessions"]:
        assert summing.http.request("DELETE", f"/sessions/{one['session_id']}").status == 204


def summary(sessions: Sessions, id: str) -> Any:
    return sessions.written(id)["metadata"]["summary"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_after_every_reply(summed: Sessions, ollama: Summariser, stream: bool) -> None:
    """`summary` and `topics` appear by themselves; nothing else of the file changes, but for
    `updated_at`. Other keys would be no summary for mochi-coco."""
    id = summed.begin()
    ollama.pause = 0.2
    if stream:
        assert events_of(summed.stream(id, "Hello."))
    else:
        assert summed.say(id, "Hello.").status == 200
    before = summed.written(id)
    assert before["metadata"]["summary"] is None
    assert eventually(lambda: bool(summary(summed, id)))
    after = summed.written(id)
    made = after["metadata"].pop("summary")
    assert made == {"summary": "Up to: Said.", "topics": ["talk", "日本"]}
    assert list(made) == ["summary", "topics"]
    assert after["metadata"].pop("updated_at") > before["metadata"].pop("updated_at")
    assert before["metadata"].pop("summary") is None
    assert list(after["metadata"]) == list(before["metadata"])
    assert after == before


def test_what_is_asked(summed: Sessions, ollama: Summariser) -> None:
    """The conversation as it was sent in the turn, in the same window: another one would have
    Ollama load the model again. A form is demanded, and no thinking."""
    id = summed.begin(system_prompt="Be brief.")
    summed.say(id, "Hello.")
    assert eventually(lambda: bool(summary(summed, id)))
    turn, asked = ollama.asked
    assert asked["messages"][:-1] == [*turn["messages"], {"role": "assistant", "content": "Said."}]
    assert asked["messages"][-1]["role"] == "user"
    assert (asked["model"], asked["options"]) == (turn["model"], turn["options"])
    assert (asked["stream"], asked["think"]) == (False, False)
    assert set(asked["format"]["required"]) == {"summary", "topics"}
    assert "tools" not in asked or not asked["tools"]


@pytest.mark.parametrize("alone", [False, True])
def test_nobody_waits_for_one(summed: Sessions, ollama: Summariser, alone: bool) -> None:
    """A machine that has room for one answer would let the next question wait: it is given up, and
    made when that is answered."""
    id = summed.begin()
    ollama.pause, ollama.alone = 3, alone

    def begun(number: int) -> bool:
        return len(ollama.summaries) == number

    for number in range(3):
        assert eventually(partial(begun, number))
        began = time.monotonic()
        assert summed.say(id, f"Say {number}.").status == 200
        assert time.monotonic() - began < 1
    assert eventually(lambda: ollama.left == 2)
    ollama.pause = 0
    summed.say(id, "Say 3.")
    assert eventually(lambda: bool(summary(summed, id)))
    assert len(summed.messages(id)) == 8


def test_the_last_of_many_replies_is_in_it(summed: Sessions, ollama: Summariser) -> None:
    """Replies that come faster than summaries; the last summary knows all of them."""
    id = summed.begin()
    for number in range(10):
        summed.say(id, f"Say {number}.")
    assert eventually(
        lambda: bool(summary(summed, id)) and len(ollama.summaries[-1]["messages"]) == 21
    )
    time.sleep(0.2)
    assert [role for role, _ in summed.said(id)] == ["user", "assistant"] * 10


def test_many_sessions_take_turns(summed: Sessions, ollama: Summariser) -> None:
    """Two at a time, and none is forgotten."""
    ollama.pause = 0.1
    ids = [summed.begin() for _ in range(6)]
    for id in ids:
        summed.say(id, "Hello.")
    assert eventually(lambda: all(summary(summed, id) for id in ids))
    assert len(ollama.summaries) == len(ids)


@pytest.mark.parametrize("says", ["Sure!", '{"summary": ""}', "", "[]"])
def test_a_model_that_cannot(summed: Sessions, ollama: Summariser, says: str) -> None:
    """It is tried three times, and logged; nobody is disturbed."""
    id = summed.begin()
    summed.say(id, "Hello.")
    assert eventually(lambda: bool(summary(summed, id)))
    good, ollama.says = summary(summed, id), says
    asked = len(ollama.summaries)
    assert summed.say(id, "More.").status == 200
    assert eventually(lambda: len(ollama.summaries) == asked + 3)
    time.sleep(0.1)
    assert len(ollama.summaries) == asked + 3
    assert summary(summed, id) == good
    assert summed.said(id)[-1] == ("assistant", "Said.")


def test_models_that_do_not_keep_to_a_form(summed: Sessions, ollama: Summariser) -> None:
    """Skipped, until a model was named that can."""
    id = summed.begin(model="qwen3:14b")
    summed.say(id, "Hello.")
    time.sleep(0.3)
    assert ollama.summaries == []
    named = summed.http.request("POST", f"/sessions/{id}/summarize", {"model": "talk"})
    assert named.status == 200
    summed.say(id, "More.")
    assert eventually(lambda: len(ollama.summaries) == 2)
    assert [body["model"] for body in ollama.summaries] == ["talk", "talk"]


def test_a_deleted_session_stays_deleted(summed: Sessions, ollama: Summariser) -> None:
    """And the model stops working for it."""
    id = summed.begin()
    ollama.pause = 5
    summed.say(id, "Hello.")
    assert eventually(lambda: bool(ollama.summaries))
    began = time.monotonic()
    assert summed.http.request("DELETE", f"/sessions/{id}").status == 204
    assert eventually(lambda: ollama.left == 1)
    assert time.monotonic() - began < 1
    assert not summed.path(id).exists()


def test_switched_off(ollama: Summariser, tmp_path: Path) -> None:
    """By the setting; who asks gets one all the same."""
    with start(ollama, tmp_path, MOCHI_SUMMARIZATION_ENABLED="false") as running:
        sessions = Sessions(running, "talk", data=tmp_path)
        id = sessions.begin()
        sessions.say(id, "Hello.")
        time.sleep(0.3)
        assert ollama.summaries == []
        assert sessions.http.request("POST", f"/sessions/{id}/summarize", {}).status == 200
        assert summary(sessions, id)["summary"] == "Up to: Said."


def test_an_alias_is_asked_as_what_it_stands_for(ollama: Summariser, tmp_path: Path) -> None:
    """Ollama does not know our names; and one may stand for a model that is left out."""
    with start(ollama, tmp_path, MOCHI_ALIASES="mine=talk, theirs=gpt-oss:20b") as running:
        sessions = Sessions(running, "mine", data=tmp_path)
        theirs = sessions.begin(model="theirs")
        sessions.say(theirs, "Hello.")
        id = sessions.begin()
        sessions.say(id, "Hello.")
        assert eventually(lambda: bool(summary(sessions, id)))
        assert [body["model"] for body in ollama.summaries] == ["talk"]
        answer = sessions.http.request("POST", f"/sessions/{id}/summarize", {"model": "mine"})
        assert answer.json["model_used"] == "mine"


def ended(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_none_is_lost_at_the_end(ollama: Summariser, tmp_path: Path) -> None:
    """SIGTERM right after the replies: what is under way and what waits is made before the end."""
    with start(ollama, tmp_path) as running:
        sessions = Sessions(running, "talk", data=tmp_path)
        ids = [sessions.begin() for _ in range(5)]
        ollama.pause = 0.4
        for id in ids:
            sessions.say(id, "Hello.")
        os.kill(running.pid, signal.SIGTERM)
        assert eventually(lambda: ended(running.pid))
        assert [summary(sessions, id)["summary"] for id in ids] == ["Up to: Said."] * 5
        assert {path.suffix for path in sessions.folder.iterdir()} == {".json"}


def test_what_takes_too_long_is_made_at_the_next_start(ollama: Summariser, tmp_path: Path) -> None:
    """The time to finish is over, and the model still silent."""
    ollama.pause = 60
    with start(ollama, tmp_path, MOCHI_DRAIN_SECONDS="0.5") as running:
        sessions = Sessions(running, "talk", data=tmp_path)
        ids = [sessions.begin() for _ in range(4)]
        for id in ids:
            sessions.say(id, "Hello.")
        began = time.monotonic()
        os.kill(running.pid, signal.SIGTERM)
        assert eventually(lambda: ended(running.pid))
        assert time.monotonic() - began < 2.5
        assert [summary(sessions, id) for id in ids] == [None] * 4
    ollama.pause = 0
    with start(ollama, tmp_path) as running:
        sessions = Sessions(running, "talk", data=tmp_path)
        assert eventually(lambda: all(summary(sessions, id) for id in ids))
    assert {path.suffix for path in sessions.folder.iterdir()} == {".json"}


def test_a_kill_costs_one_summary_at_most(ollama: Summariser, tmp_path: Path) -> None:
    """That of the last reply; the next one brings it back."""
    with start(ollama, tmp_path) as running:
        sessions = Sessions(running, "talk", data=tmp_path)
        id = sessions.begin()
        ollama.pause = 5
        sessions.say(id, "Hello.")
        os.kill(running.pid, signal.SIGKILL)
    assert json.loads(sessions.path(id).read_bytes())["metadata"]["message_count"] == 2
    ollama.pause = 0
    with start(ollama, tmp_path) as running:
        sessions = Sessions(running, "talk", data=tmp_path)
        sessions.say(id, "More.")
        assert eventually(lambda: bool(summary(sessions, id)))
