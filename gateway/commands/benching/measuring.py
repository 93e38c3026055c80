"""The whole run: both servers warmed up, then rounds in turns, until they are over or Ctrl-C."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from signal import Signals
from time import perf_counter, process_time

from gateway.commands import CommandFailed
from gateway.commands.benching.answer import Answer
from gateway.commands.benching.client import UNREACHABLE, Client
from gateway.commands.benching.comparing import order
from gateway.commands.benching.driving import drive, warm_up
from gateway.commands.benching.figures import Figures, Totals
from gateway.commands.benching.plan import Load, Plan, Target
from gateway.commands.benching.processes import CpuTimes, cpu_times, spent
from gateway.serving.process import stop_requested

__all__ = ["Run", "Side"]

SEED = 5
FINAL = (400, 401, 403, 404, 405, 415, 422)
"""Refusals that would be the same the next time: a wrong key, path, model or parameter."""
GLANCE = 0.25


class Side:
    """A server that is measured. `rounds` are its whole ones, `totals` counts all answers."""

    def __init__(self, target: Target, load: Load) -> None:
        self.target = target
        self.client = Client(target, load)
        self.totals = Totals()
        self.warming = Totals()
        self.rounds: list[Figures] = []
        self.begun = 0.0
        """When the round that runs began; 0 if none does."""

    @property
    def seconds(self) -> float:
        """Of its rounds so far."""
        return self.totals.seconds + (perf_counter() - self.begun if self.begun else 0.0)

    def cpu(self) -> CpuTimes | None:
        """Of the server; None if its process is not known, or gone."""
        with suppress(FileNotFoundError):
            return cpu_times(self.target.pid) if self.target.pid else None
        return None


class Run:
    """`busy` is the share of a core that the generator itself has used while it measured;
    `ended_by` is the signal of somebody who had enough before all was measured."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.sides = [Side(target, plan.load) for target in plan.targets]
        self.ended_by: Signals | None = None
        self._cpu = 0.0
        self._rng = random.Random(SEED)

    @property
    def busy(self) -> float:
        seconds = sum(side.totals.seconds for side in self.sides)
        return self._cpu / seconds if seconds else 0.0

    async def measure(self, glance: Callable[["Run"], None]) -> None:
        """Until all is measured or somebody has had enough; `glance` is called now and then.

        `CommandFailed` if a server cannot be measured at all.
        """
        stop = stop_requested()
        work = asyncio.create_task(self._all())
        try:
            while not (work.done() or stop.done()):
                await asyncio.wait((work, stop), timeout=GLANCE, return_when="FIRST_COMPLETED")
                glance(self)
            if work.done():
                work.result()
            else:
                self.ended_by = stop.result()
                work.cancel()
                await asyncio.wait((work,))
        finally:
            for side in self.sides:
                side.client.close()

    async def _all(self) -> None:
        load = self.plan.load
        for side in self.sides:
            # The first alone: it may have to wait for the model, or tell that all is in vain.
            for answer in await warm_up(side.client, load, min(1, load.warm_up)):
                usable(side.target, answer)
                side.warming.add(answer)
            for answer in await warm_up(side.client, load, load.warm_up - 1):
                side.warming.add(answer)
        for number in order(len(self.sides), load.rounds):
            await self._round(self.sides[number])

    async def _round(self, side: Side) -> None:
        this, load = Totals(), self.plan.load.of_round(len(side.rounds))
        counting = (side.totals,) if self.plan.load.rounds == 1 else (side.totals, this)

        def record(answer: Answer, pause: float) -> None:
            for totals in counting:
                totals.add(answer)
                totals.waited_as_asked += pause

        opened, before, own = side.client.opened, side.cpu(), process_time()
        side.begun = begun = perf_counter()
        try:
            await drive(side.client, load, record, self._rng)
        finally:
            side.begun = 0.0
            took, after = perf_counter() - begun, side.cpu()
            self._cpu += process_time() - own
            cpu = spent(before, after) if before and after else None
            for totals in counting:
                totals.spent(took, cpu)
                totals.connections += side.client.opened - opened
        side.rounds.append(counting[-1].figures)


def usable(target: Target, answer: Answer) -> None:
    """`CommandFailed` if this first answer says that no other will be better."""
    if not (fault := answer.fault):
        return
    if fault.kind == UNREACHABLE:
        raise CommandFailed(f"Cannot reach {target.url}: {fault.example}.")
    if answer.status in FINAL:
        said = fault.example or "nothing"
        raise CommandFailed(f"{target.url} refuses with status {answer.status}: {said}")
