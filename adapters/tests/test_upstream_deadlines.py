import asyncio

from adapters.upstream.deadlines import NEVER, Deadlines
from adapters.upstream.errors import UpstreamError


class Stopwatch:
    """Writes down when it expired."""

    def __init__(self, deadlines: Deadlines, deadline: float) -> None:
        self.deadline = deadline
        self.expired = 0.0
        self.reason = ""
        self.forgotten = False
        self._deadlines = deadlines
        deadlines.watch(self)

    def expire(self) -> None:
        self.expired = asyncio.get_running_loop().time()
        self._deadlines.forget(self)

    def abort(self, error: UpstreamError) -> None:
        self.reason = str(error)
        asyncio.get_running_loop().call_later(0.02, self._forget)

    def _forget(self) -> None:
        self.forgotten = True
        self._deadlines.forget(self)


async def test_each_expires_late_by_at_most_the_interval_and_never_early() -> None:
    deadlines = Deadlines(0.03)
    now = asyncio.get_running_loop().time()
    watches = [Stopwatch(deadlines, now + ahead / 100) for ahead in range(1, 15)]
    await asyncio.sleep(0.3)
    for watch in watches:
        assert watch.deadline <= watch.expired < watch.deadline + 0.03 + 0.1


async def test_deadline_may_move() -> None:
    deadlines = Deadlines(0.01)
    watch = Stopwatch(deadlines, asyncio.get_running_loop().time() + 0.05)
    watch.deadline = NEVER
    await asyncio.sleep(0.1)
    assert not watch.expired
    watch.deadline = 0
    await asyncio.sleep(0.05)
    assert watch.expired


async def test_abort_all_waits_until_everything_is_forgotten() -> None:
    deadlines = Deadlines(10)
    await deadlines.abort_all("nothing is watched")
    watches = [Stopwatch(deadlines, NEVER) for _ in range(3)]
    async with asyncio.timeout(1):
        await deadlines.abort_all("enough")
    assert [(watch.reason, watch.forgotten) for watch in watches] == [("enough", True)] * 3


async def test_no_timer_runs_when_nothing_is_watched() -> None:
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(0.01)
    watch = Stopwatch(deadlines, NEVER)
    deadlines.forget(watch)
    watch.deadline = loop.time()
    await asyncio.sleep(0.05)
    assert not watch.expired
