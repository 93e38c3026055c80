"""`kill -9` of the whole gateway while many write: what was acknowledged is on disk, all of it.

With `--kills 1000` for a night; a handful of times otherwise.
"""

import itertools
import json
import os
import random
import signal
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest

from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.sessions import Sessions, events_of, refusal
from conformance_tests.mochi.standin import StandIn
from conformance_tests.options import options_of

WRITERS = 8

_words = itertools.count()


@dataclass
class Ledger:
    """What clients know: answers that they have seen to the end, and sessions that are gone."""

    answers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    edited: set[str] = field(default_factory=set)
    """Sessions with an edit that nobody acknowledged, so that either history may be there."""
    deleted: set[str] = field(default_factory=set)
    doomed: set[str] = field(default_factory=set)
    """Sessions with a deletion that nobody acknowledged."""


def begin(sessions: Sessions, ledger: Ledger) -> str:
    id = sessions.begin()
    ledger.answers[id]
    return id


def talk(sessions: Sessions, ledger: Ledger, id: str) -> None:
    word = f"word{next(_words)}"
    if random.random() < 0.5:
        answer = sessions.say(id, f"Say {word}.")
        seen = answer.complete and answer.status == 200
    else:
        seen = b"\nevent: message_complete\n" in sessions.stream(id, f"Say {word}.").body
    if seen:
        ledger.answers[id].append(word)


def delete(sessions: Sessions, ledger: Ledger, id: str) -> None:
    ledger.doomed.add(id)
    if sessions.http.request("DELETE", f"/sessions/{id}").status == 204:
        ledger.deleted.add(id)


def change(sessions: Sessions, ledger: Ledger, id: str) -> None:
    model = random.choice(["demo", "demo-tools", "demo-go"])
    sessions.http.request("PATCH", f"/sessions/{id}", {"model": model})


def edit(sessions: Sessions, ledger: Ledger, id: str) -> None:
    """Let the conversation begin anew."""
    if not ledger.answers[id]:
        return
    word = f"word{next(_words)}"
    ledger.edited.add(id)
    path = f"/sessions/{id}/messages/0"
    if sessions.http.request("PUT", path, {"content": f"Say {word}."}).status == 200:
        ledger.answers[id].clear()
        ledger.edited.discard(id)


def write(sessions: Sessions, ledger: Ledger, shared: str, end: float) -> None:
    """One client: a conversation of its own, now and then another one, and one with all others."""
    own = begin(sessions, ledger)
    while time.monotonic() < end:
        match random.randrange(12):
            case 0:
                delete(sessions, ledger, own)
                own = begin(sessions, ledger)
            case 1:
                change(sessions, ledger, own)
            case 2:
                edit(sessions, ledger, own)
            case 3 | 4 | 5:
                talk(sessions, ledger, shared)
            case _:
                talk(sessions, ledger, own)


def write_until_killed(sessions: Sessions, ledger: Ledger, shared: str, end: float) -> None:
    try:
        write(sessions, ledger, shared, end)
    except (OSError, HTTPException, AssertionError, ValueError):
        assert time.monotonic() >= end, "the gateway failed before it was killed"


def write_and_kill(sessions: Sessions, ledger: Ledger) -> None:
    shared = begin(sessions, ledger)
    end = time.monotonic() + random.uniform(0.1, 0.7)
    with ThreadPoolExecutor(WRITERS) as pool:
        clients = [
            pool.submit(write_until_killed, sessions, ledger, shared, end) for _ in range(WRITERS)
        ]
        time.sleep(max(end - time.monotonic(), 0))
        os.kill(sessions.pid, signal.SIGKILL)
    for client in clients:
        client.result()


def check(sessions: Sessions, ledger: Ledger) -> None:
    """Whether all that was acknowledged is there, and nothing is that should not be."""
    for path in sessions.folder.glob("*.json"):
        found = json.loads(path.read_bytes())
        assert found["metadata"]["message_count"] == len(found["messages"])
    listed = {one["session_id"] for one in sessions.http.get("/sessions").json["sessions"]}
    there = {path.stem for path in sessions.folder.glob("*.json")}
    assert not (listed | there) & ledger.deleted, "a deletion was undone"
    for id in ledger.answers.keys() - ledger.doomed:
        assert id in listed, "a session was lost"
        said = sessions.said(id)
        pairs = list(itertools.pairwise(said))
        for word in () if id in ledger.edited else ledger.answers[id]:
            assert pairs.count((("user", f"Say {word}."), ("assistant", word))) == 1
        for (_, question), (role, text) in pairs:
            assert role == "user" or question == f"Say {text}."
        assert len(set(said)) == len(said), "a message was doubled"


def clear(sessions: Sessions, ledger: Ledger) -> None:
    """Delete what has been checked: a session that goes on for ever is too long for any model.
    There may be some that were begun when the end came, and of which nobody knows."""
    for one in sessions.http.get("/sessions").json["sessions"]:
        delete(sessions, ledger, one["session_id"])
    assert list(sessions.folder.glob("*.json")) == []
    ledger.answers.clear()


def test_kill(gateway: Gateway, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """SQLite and etcd are tested so: no unreadable file, no acknowledged message lost, no
    deletion undone, and the next start needs no help."""
    ledger, answered = Ledger(), 0
    for _ in range(options_of(pytestconfig).kills or 4):
        settings = {"MOCHI_DATA_DIR": str(tmp_path), "MOCHI_SUMMARIZATION_ENABLED": "true"}
        with gateway_alone(gateway.ollama, **settings) as victim:
            sessions = Sessions(victim, data=tmp_path)
            check(sessions, ledger)
            clear(sessions, ledger)
            write_and_kill(sessions, ledger)
        answered += sum(map(len, ledger.answers.values()))
    with gateway_alone(gateway.ollama, MOCHI_DATA_DIR=str(tmp_path)) as survivor:
        sessions = Sessions(survivor, data=tmp_path)
        check(sessions, ledger)
        assert answered > 10
        id = sessions.begin()
        assert sessions.say(id, "Say done.").json["message"]["content"] == "done"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_stop(standin: StandIn, tmp_path: Path, stream: bool) -> None:
    """SIGTERM: who is being answered gets an end in order once the time to finish is over, and
    what was said until then is on record."""
    settings = {"MOCHI_DATA_DIR": str(tmp_path), "MOCHI_DRAIN_SECONDS": "0.5"}
    with gateway_alone(standin.url, **settings) as running:
        sessions = Sessions(running, "talk", data=tmp_path)
        id = sessions.begin()
        path = f"/chat/{id}/stream" if stream else f"/chat/{id}"
        with sessions.http.open("POST", path, {"message": "Talk."}) as live:
            assert standin.wait_for(1, 2)
            began = time.monotonic()
            os.kill(sessions.pid, signal.SIGTERM)
            live.begin()
            answer = live.rest()
            assert time.monotonic() - began < 2.5
        if stream:
            assert [event.name for event in events_of(answer)[-2:]] == ["error", "done"]
        else:
            assert refusal(answer)[0] == 503
        user, partial = sessions.written(id)["messages"]
        assert user["content"] == "Talk."
        assert partial["content"].startswith("on and on ")
        assert partial["eval_count"] is None
    assert standin.wait_for(0, 1)
