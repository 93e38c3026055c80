"""One round: requests to one server, either as fast as it answers or at a rate of their own."""

import asyncio
import random
from collections.abc import Callable, Iterator
from itertools import accumulate, count, repeat, takewhile
from time import perf_counter

from msgspec.structs import replace

from gateway.commands.benching.answer import Answer
from gateway.commands.benching.client import UNREACHABLE, Client
from gateway.commands.benching.plan import Load

__all__ = ["Turns", "drive", "warm_up"]

Record = Callable[[Answer, float], None]
"""Takes an answer, and for how many seconds nothing is asked in its place."""
AFTER_NO_CONNECTION = 0.2
LONGEST_WAIT = 60


class Turns:
    """The requests of a round that have not been sent yet."""

    def __init__(self, load: Load) -> None:
        self._left = load.requests
        self._end = perf_counter() + (load.duration or 0)

    @property
    def seconds(self) -> float:
        """How long requests may still begin; 0 where they are counted instead."""
        return max(0.0, self._end - perf_counter())

    def take(self, due: float) -> bool:
        """Whether there is one more to begin by then, which is the caller's."""
        if self._left is None:
            return due < self._end
        if not self._left:
            return False
        self._left -= 1
        return True

    def patience(self, answer: Answer) -> float:
        """How long to leave the server alone: as its `Retry-After` asks, or a moment when it could
        not be reached; not beyond the end of the round."""
        if self._left == 0:
            return 0
        no_connection = answer.fault is not None and answer.fault.kind == UNREACHABLE
        asked = AFTER_NO_CONNECTION if no_connection else answer.retry_after
        if self._left is None:
            asked = min(asked, self.seconds)
        return min(asked, LONGEST_WAIT)


async def drive(client: Client, load: Load, record: Record, rng: random.Random) -> None:
    """Send what a round has, and record every answer. Cancelled, it leaves no half ones."""
    if load.rate is None:
        await closed(client, load, record)
    else:
        await opened(client, load, record, rng)


async def warm_up(client: Client, load: Load, requests: int) -> list[Answer]:
    """Answers that do not count: the connections are open then, and the model is loaded."""
    answers: list[Answer] = []
    if requests > 0:
        at_once = min(load.concurrency, requests)
        warming = replace(load, requests=requests, duration=None, concurrency=at_once)
        await closed(client, warming, lambda answer, _: answers.append(answer))
    return answers


async def closed(client: Client, load: Load, record: Record) -> None:
    """So many at a time; the next is sent when an answer has come."""
    turns, later = Turns(load), asyncio.get_running_loop().call_soon

    def settled(answer: Answer, pause: float) -> None:
        answer.settle()
        record(answer, pause)

    async def work() -> None:
        while turns.take(perf_counter()):
            answer = await client.fetch()
            pause = turns.patience(answer)
            later(settled, answer, pause)
            if pause:
                await asyncio.sleep(pause)

    async with asyncio.TaskGroup() as group:
        for _ in range(load.concurrency):
            group.create_task(work())


async def opened(client: Client, load: Load, record: Record, rng: random.Random) -> None:
    """At a rate, whatever the server does. A request that finds all places taken waits with its
    clock running: what a slow server does to those behind must not go unseen."""
    turns, places = Turns(load), asyncio.Semaphore(load.concurrency)
    begun = perf_counter()
    times = (begun + each for each in arrivals(load, rng))

    async def work(due: float) -> None:
        async with places:
            record(await client.ask(due), 0)

    async with asyncio.TaskGroup() as group:
        for due in takewhile(turns.take, times):
            await asyncio.sleep(due - perf_counter())
            group.create_task(work(min(due, perf_counter())))  # timers wake up a little early, too
        # The time in which no more are due belongs to the rate as well.
        await asyncio.sleep(turns.seconds)


def arrivals(load: Load, rng: random.Random) -> Iterator[float]:
    """When requests are due, in seconds from the beginning of a round.

    Even ones begin at once. Poisson ones begin after a wait like any other: else every round would
    have a request too many, and short ones would be above the rate.
    """
    rate = load.rate or 1.0
    if load.arrivals == "even":
        return (number / rate for number in count())
    return accumulate(map(rng.expovariate, repeat(rate)))
