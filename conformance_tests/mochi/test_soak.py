"""A thousand requests of every kind, many of them left at some point, leave nothing behind."""

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conformance_tests.checks import completion
from conformance_tests.launcher import Gateway
from conformance_tests.mochi.mixture import PLAIN
from conformance_tests.wire import Server

REQUESTS = 1000
AT_A_TIME = 20


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
    jobs = [(chance.choice(PLAIN), random.Random(chance.random())) for _ in range(requests)]
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
