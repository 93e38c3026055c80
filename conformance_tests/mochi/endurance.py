"""`python -m conformance_tests.mochi.endurance`: hours of mixed load, and whether anything grows.

A gateway of its own, on the simulator and with a tool, gets requests of every kind at a steady
rate, many of which are wrong, broken or left. Its memory, descriptors, tasks and processes
are noted all the time; the exit status is 0 if none of them has grown by more than is said below.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Lock

from conformance_tests.launcher import free_port, gateway_alone, simulator
from conformance_tests.mochi.mixture import PLAIN, Action, Doors
from conformance_tests.mochi.scraping import scrape
from conformance_tests.mochi.sessions import Sessions
from conformance_tests.mochi.toolboxes import BENCH, children, put_package
from conformance_tests.wire import Server

__all__ = ["main"]

MODEL = "demo-tools"
AT_A_TIME = 16
EVERY = 5.0
"""Seconds between two looks at the process."""
SETTLING = 20.0
"""Seconds that a gateway without requests may take to close what it keeps open for the next."""

MORE_MEMORY, MORE_DESCRIPTORS = 2 * 1024, 2
"""KiB between the medians of the second and of the last third; and after all is over."""


@dataclass(frozen=True)
class Look:
    """The process at a time, in seconds since the load began. Its memory, in KiB, is what it has
    for itself: its share of libraries grows when another process that used them, too, ends."""

    at: float
    memory: int
    descriptors: int
    threads: int
    processes: int
    requests: int
    tasks: int
    """Of the event loop, the one that answers this among them."""


class Load:
    """Actions one after the other in several threads, together at a steady rate."""

    def __init__(self, server: Server, actions: list[Action], rate: float, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.failed: list[str] = []
        self._server = server
        self._actions = actions
        self._rate = rate
        self._chance = random.Random(seed)
        self._lock = Lock()
        self._begun = time.monotonic()
        self._given = 0

    def work(self, until: float) -> None:
        """One of the threads."""
        while (turn := self._turn()) and time.monotonic() < until:
            due, action, chance = turn
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                action(self._server, chance)
            except Exception as error:
                self.failed.append(f"{action.__name__}: {error!r}"[:500])
            with self._lock:
                self.done[action.__name__] += 1

    def _turn(self) -> tuple[float, Action, random.Random]:
        with self._lock:
            self._given += 1
            due = self._begun + self._given / self._rate
            return due, self._chance.choice(self._actions), random.Random(self._chance.random())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Does a gateway grow under mixed load?")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=40, help="requests a second (default: 40)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep what was seen")
    said = parser.parse_args(arguments)
    with ExitStack() as held:
        tools = Path(held.enter_context(TemporaryDirectory(prefix="mochi-endurance-")))
        put_package(tools, "bench", BENCH)
        port = free_port()
        held.enter_context(simulator(port))
        gateway = held.enter_context(
            gateway_alone(f"http://127.0.0.1:{port}", MOCHI_TOOLS_DIR=str(tools))
        )
        server = Server(f"{gateway.root}/v1", MODEL, timeout=30)
        actions = [*PLAIN, *Doors(server, Sessions(gateway, MODEL)).actions]
        watch = Watch(gateway.pid, Server(gateway.root))
        looks, load = endured(server, watch, actions, said.minutes * 60, said.rate, said.seed)
        settled = settle(watch, looks[0])
    wrong = [*complaints(looks, settled), *load.failed[:20]]
    if said.json:
        seen = {"seed": said.seed, "done": load.done, "failed": load.failed, "wrong": wrong}
        said.json.write_text(json.dumps(seen | {"looks": [asdict(one) for one in looks]}, indent=1))
    print(f"{sum(load.done.values())} requests; {len(load.failed)} went wrong; seed {said.seed}")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


class Watch:
    """Looks at a gateway from outside."""

    def __init__(self, pid: int, root: Server) -> None:
        self._pid = pid
        self._root = root

    def look(self, at: float = -1, requests: int = 0) -> Look:
        process = Path(f"/proc/{self._pid}")
        rollup = (process / "smaps_rollup").read_text()
        [memory] = [
            line.split()[1] for line in rollup.splitlines() if line.startswith("Anonymous:")
        ]
        return Look(
            at=round(at, 1),
            memory=int(memory),
            descriptors=len(list((process / "fd").iterdir())),
            threads=len(list((process / "task").iterdir())),
            processes=len(children(self._pid)),
            requests=requests,
            tasks=int(scrape(self._root).value("mochi_tasks")),
        )


def endured(
    server: Server, watch: Watch, actions: list[Action], seconds: float, rate: float, seed: int
) -> tuple[list[Look], Load]:
    """How the process looked before and during the load."""
    warm = Load(server, actions, rate, seed)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        run(pool, warm, min(20.0, seconds / 3))
    time.sleep(1)
    load = Load(server, actions, rate, seed)
    began = time.monotonic()
    looks = [watch.look(0)]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        threads = [pool.submit(load.work, began + seconds) for _ in range(AT_A_TIME)]
        while not all(thread.done() for thread in threads):
            time.sleep(EVERY)
            looks.append(watch.look(time.monotonic() - began, sum(load.done.values())))
            if len(looks) % 12 == 0:
                print(looks[-1], flush=True)
    return looks, load


def run(pool: ThreadPoolExecutor, load: Load, seconds: float) -> None:
    until = time.monotonic() + seconds
    for thread in [pool.submit(load.work, until) for _ in range(AT_A_TIME)]:
        thread.result()


def settle(watch: Watch, first: Look) -> Look:
    """The process once nobody asks anything, and what was kept open for the next is closed."""
    deadline = time.monotonic() + SETTLING
    while time.monotonic() < deadline:
        settled = watch.look()
        if settled.descriptors <= first.descriptors and settled.tasks <= first.tasks:
            return settled
        time.sleep(0.2)
    return watch.look()


def complaints(looks: list[Look], settled: Look) -> list[str]:
    """What has grown."""
    third = len(looks) // 3
    middle = median(one.memory for one in looks[third : 2 * third])
    last = median(one.memory for one in looks[2 * third :])
    found = []
    if last - middle > MORE_MEMORY:
        found.append(f"memory grew from {middle} to {last} KiB")
    if settled.descriptors > looks[0].descriptors + MORE_DESCRIPTORS:
        found.append(f"{looks[0].descriptors} descriptors became {settled.descriptors}")
    if settled.tasks > looks[0].tasks:
        found.append(f"{looks[0].tasks} tasks became {settled.tasks}")
    if settled.processes > looks[0].processes:
        found.append(f"{looks[0].processes} processes became {settled.processes}")
    return found


if __name__ == "__main__":
    sys.exit(main())
