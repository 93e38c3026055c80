"""`kill -9` while responses and completions are kept, and stopping in good order.

With `--kills 1000` for a night; a handful of times otherwise.
"""

import itertools
import json
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from conformance_tests.checks import completion
from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.standin import StandIn
from conformance_tests.options import options_of
from conformance_tests.responding import Responses, listed, response_of, stream_of, text_of
from conformance_tests.response_events import events_of, violations
from conformance_tests.wire import Server, ask

WRITERS = 6

_words = itertools.count()


@dataclass
class Ledger:
    """What clients have seen to its end, by id: the whole objects."""

    responses: dict[str, dict[str, Any]] = field(default_factory=dict)
    completions: dict[str, dict[str, Any]] = field(default_factory=dict)
    turns: list[str] = field(default_factory=list)
    """Words that were said in the conversation of all."""


def responses_of(gateway: Gateway) -> Responses:
    return Responses(Server(f"{gateway.root}/v1", "demo", timeout=20))


def write(responses: Responses, ledger: Ledger, conversation: str, end: float) -> None:
    """One client: a chain of its own, completions, and now and then the conversation of all."""
    previous: dict[str, Any] = {}
    while time.monotonic() < end:
        word = f"word{next(_words)}"
        match random.randrange(6):
            case 0:
                made = completion(responses.server.chat(store=True, messages=ask(f"Say {word}.")))
                ledger.completions[made["id"]] = made
            case 1:
                responses.made(f"Say {word}.", conversation=conversation)
                ledger.turns.append(word)
            case 2 | 3:
                made = responses.streamed(f"Say {word}.", **previous)[-1]["response"]
                ledger.responses[made["id"]] = made
                previous = {"previous_response_id": made["id"]}
            case _:
                made = responses.made(f"Say {word}.", **previous)
                ledger.responses[made["id"]] = made
                previous = {"previous_response_id": made["id"]}


def write_until_killed(responses: Responses, ledger: Ledger, conversation: str, end: float) -> None:
    try:
        write(responses, ledger, conversation, end)
    except (OSError, HTTPException, AssertionError, ValueError, KeyError, IndexError):
        assert time.monotonic() >= end, "the gateway failed before it was killed"


def write_and_kill(gateway: Gateway, ledger: Ledger, conversation: str) -> None:
    responses = responses_of(gateway)
    end = time.monotonic() + random.uniform(0.2, 0.8)
    with ThreadPoolExecutor(WRITERS) as pool:
        clients = [
            pool.submit(write_until_killed, responses, ledger, conversation, end)
            for _ in range(WRITERS)
        ]
        time.sleep(max(end - time.monotonic(), 0))
        os.kill(gateway.pid, signal.SIGKILL)
    for client in clients:
        client.result()


def check(responses: Responses, ledger: Ledger, conversation: str, folder: Path) -> None:
    """Whether all that was acknowledged is there, as it was, and can be followed."""
    for path in [*folder.glob("responses/*/*.json"), *folder.glob("completions/*/*.json")]:
        json.loads(path.read_bytes())
    for id, made in ledger.responses.items():
        assert responses.found(id) == made
    for id, made in ledger.completions.items():
        assert completion(responses.server.get(f"/chat/completions/{id}")) == made
    for id in [*ledger.responses][-1:]:
        assert text_of(responses.made("Say again.", previous_response_id=id)) == "again"
    said = spoken(responses.server, conversation)
    assert all(said.count(word) == 1 for word in ledger.turns)
    assert len({*said}) == len(said), "an answer was doubled"


def spoken(server: Server, conversation: str) -> list[str]:
    """What the model has said in the conversation."""
    path, after = f"/conversations/{conversation}/items?order=asc&limit=100", ""
    said: list[str] = []
    while True:
        answer = server.get(path + after)
        found = [item for item in listed(answer) if item["role"] == "assistant"]
        said += [item["content"][0]["text"] for item in found]
        if not answer.json["has_more"]:
            return said
        after = f"&after={answer.json['last_id']}"


def test_kill(gateway: Gateway, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """SQLite and etcd are tested so: no unreadable record, nothing acknowledged lost."""
    ledger, conversation = Ledger(), ""
    for _ in range(options_of(pytestconfig).kills or 4):
        with gateway_alone(gateway.ollama, MOCHI_DATA_DIR=str(tmp_path)) as victim:
            responses = responses_of(victim)
            if conversation:
                check(responses, ledger, conversation, tmp_path)
            conversation = responses.server.request("POST", "/conversations", {}).json["id"]
            ledger.turns.clear()
            write_and_kill(victim, ledger, conversation)
    with gateway_alone(gateway.ollama, MOCHI_DATA_DIR=str(tmp_path)) as survivor:
        check(responses_of(survivor), ledger, conversation, tmp_path)
    assert len(ledger.responses) > 5


def test_what_ran_in_the_background_has_failed_after_a_kill(
    gateway: Gateway, tmp_path: Path
) -> None:
    """Never `in_progress` for ever: whoever polls is told that it will not come, and why."""
    with gateway_alone(gateway.ollama, MOCHI_DATA_DIR=str(tmp_path)) as victim:
        responses = responses_of(victim)
        answer = responses.create("Count to 2000", model="demo-slow", background=True)
        id = response_of(answer)["id"]
        os.kill(victim.pid, signal.SIGKILL)
    with gateway_alone(gateway.ollama, MOCHI_DATA_DIR=str(tmp_path)) as survivor:
        responses = responses_of(survivor)
        found = responses.found(id)
        assert (found["status"], bool(found["error"]["message"])) == ("failed", True)
        events = stream_of(responses.get(id, stream="true"))
        assert events[-1]["type"] == "response.failed"
        assert response_of(responses.cancel(id))["status"] == "failed"


def test_what_runs_in_the_background_is_finished_before_the_end(
    gateway: Gateway, tmp_path: Path
) -> None:
    """SIGTERM lets it end within the grace time; the next start finds it whole."""
    settings = {"MOCHI_DATA_DIR": str(tmp_path), "MOCHI_DRAIN_SECONDS": "10"}
    with gateway_alone(gateway.ollama, **settings) as running:
        answer = responses_of(running).create("Count to 20", model="demo-slow", background=True)
        id = response_of(answer)["id"]
        os.kill(running.pid, signal.SIGTERM)
        while alive(running):
            time.sleep(0.05)
    with gateway_alone(gateway.ollama, **settings) as again:
        found = responses_of(again).found(id)
        assert found["status"] == "completed"
        assert text_of(found).endswith("20")


def alive(gateway: Gateway) -> bool:
    """Whether it still listens: its process is ours to wait for, and a zombie until then."""
    try:
        Server(gateway.root).connect().close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_stop(standin: StandIn, tmp_path: Path, stream: bool) -> None:
    """SIGTERM: who is being answered gets an end in order once the time to finish is over."""
    settings = {"MOCHI_DATA_DIR": str(tmp_path), "MOCHI_DRAIN_SECONDS": "0.5"}
    with gateway_alone(standin.url, **settings) as running:
        server = Server(f"{running.root}/v1", "talk", timeout=10)
        body = {"model": "talk", "input": "Talk.", "stream": stream}
        with server.open("POST", "/responses", body) as live:
            assert standin.wait_for(1, 2)
            os.kill(running.pid, signal.SIGTERM)
            live.begin()
            answer = live.rest()
    if stream:
        events = events_of(answer.body)
        assert violations(events) == []
        assert events[-1]["type"] == "response.failed"
    else:
        assert answer.status == 503
    assert standin.wait_for(0, 1)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_who_leaves_ends_the_work(watched: Server, standin: StandIn, stream: bool) -> None:
    """A response that is not in the background is for the one who asked; Ollama is let go."""
    body = {"model": "talk", "input": "Talk.", "stream": stream}
    with watched.open("POST", "/responses", body) as live:
        assert standin.wait_for(1, 2)
        if stream:
            live.begin()
            live.line()
    assert standin.wait_for(0, 1)


def test_old_responses_are_removed_at_the_start(gateway: Gateway, tmp_path: Path) -> None:
    """`MOCHI_RESPONSES_DAYS`: what is older is gone; 0 keeps everything."""
    with gateway_alone(gateway.ollama, MOCHI_DATA_DIR=str(tmp_path)) as running:
        ids = [responses_of(running).made(f"Say {word}.")["id"] for word in ("old", "new")]
    (old,) = tmp_path.glob(f"responses/*/{ids[0]}.json")
    record, long_ago = json.loads(old.read_bytes()), int(time.time()) - 3 * 86400
    old.write_text(json.dumps(record | {"created_at": long_ago}))
    os.utime(old, (long_ago, long_ago))
    for days, there in (("0", [200, 200]), ("2", [404, 200])):
        settings = {"MOCHI_DATA_DIR": str(tmp_path), "MOCHI_RESPONSES_DAYS": days}
        with gateway_alone(gateway.ollama, **settings) as running:
            time.sleep(0.5)
            responses = responses_of(running)
            assert [responses.get(id).status for id in ids] == there
