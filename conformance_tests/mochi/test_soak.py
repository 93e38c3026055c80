"""A thousand requests of every kind, many of them left at some point, leave nothing behind."""

import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conformance_tests.checks import completion, fold
from conformance_tests.launcher import Gateway
from conformance_tests.wire import Server, ask

REQUESTS = 1000
AT_A_TIME = 20
CHAT = "/chat/completions"
COUNT = ask("Count to 50")
# Ollama holds three models at a time, and lets requests for a fourth wait.
SLOW, BROKEN = "demo-slow", "demo-broken-reset"

Action = Callable[[Server, random.Random], None]


def whole(server: Server, chance: random.Random) -> None:
    completion(server.chat(messages=COUNT))


def streamed(server: Server, chance: random.Random) -> None:
    assert fold(server.stream(messages=COUNT)).finish_reasons == ["stop"]


def wrong(server: Server, chance: random.Random) -> None:
    assert server.chat(temperature=9).status == 400
    assert server.chat(model="there-is-no-such-model").status == 404


def broken(server: Server, chance: random.Random) -> None:
    assert b"[DONE]" not in server.stream(model=BROKEN, messages=COUNT).body
    assert server.chat(model=BROKEN, messages=COUNT).status == 502


def listed(server: Server, chance: random.Random) -> None:
    assert server.get("/models").status == 200


def left_in_the_stream(server: Server, chance: random.Random) -> None:
    body = server.body(model=SLOW, messages=COUNT, stream=True)
    with server.open("POST", CHAT, body) as live:
        assert live.begin() == 200
        for _ in range(chance.randint(1, 9)):
            live.line()


def left_before_the_answer(server: Server, chance: random.Random) -> None:
    body = server.body(model=SLOW, messages=COUNT, stream=chance.choice([True, False]))
    with server.open("POST", CHAT, body):
        time.sleep(chance.random() / 10)


def left_in_the_request(server: Server, chance: random.Random) -> None:
    head = server.head("POST", CHAT, {"Content-Type": "application/json", "Content-Length": "99"})
    raw = head + b'{"model": "demo", '
    server.send(raw[: chance.randrange(len(raw))]).connection.close()


ACTIONS: list[Action] = [
    *[whole, streamed, wrong, broken, listed],
    *[left_in_the_stream, left_before_the_answer, left_in_the_request],
]


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
def test_nothing_is_left_behind(server: Server, gateway: Gateway) -> None:
    """LiteLLM issue 13774, httpx 1461: descriptors and upstream requests that outlive their client
    fill a server in days. Descriptors of the gateway and of the simulator behind it are counted.
    """
    seed = random.randrange(2**32)
    print("seed", seed)
    perform(server, random.Random(seed), AT_A_TIME * 4)  # pools are filled, modules imported
    before = settled(gateway, limit=None)
    perform(server, random.Random(seed), REQUESTS)
    after = settled(gateway, limit=before + AT_A_TIME)
    assert after <= before + AT_A_TIME, f"{before} descriptors before, {after} after"
    assert completion(server.chat(max_tokens=2))


def perform(server: Server, chance: random.Random, requests: int) -> None:
    jobs = [(chance.choice(ACTIONS), random.Random(chance.random())) for _ in range(requests)]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for done in [pool.submit(action, server, own) for action, own in jobs]:
            done.result()


def settled(gateway: Gateway, limit: int | None) -> int:
    """The descriptors of both processes, once they no longer fall, or are few enough."""
    counts = [descriptors(gateway)]
    while len(counts) < 50 and (limit is None or counts[-1] > limit):
        time.sleep(0.1)
        counts.append(descriptors(gateway))
        if limit is None and len(counts) > 10 and len(set(counts[-10:])) == 1:
            break
    return counts[-1]


def descriptors(gateway: Gateway) -> int:
    pids = (gateway.pid, gateway.simulator)
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)
