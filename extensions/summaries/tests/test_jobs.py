"""What runs when, and what is broken off."""

import asyncio

from extensions.summaries.jobs import Jobs


class Work:
    """Notes what begins and ends; goes on when it is told to."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.go_on = asyncio.Event()

    async def __call__(self, id: str) -> None:
        self.log.append(f"{id} begins")
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.log.append(f"{id} is broken off")
            raise
        self.log.append(f"{id} ends")


async def a_while() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_at_a_time_for_a_session_and_a_few_for_all() -> None:
    work = Work()
    jobs = Jobs(work, at_once=2)
    for id in ("a", "b", "c", "d", "c"):
        jobs.add(id)
    await a_while()
    assert work.log == ["a begins", "b begins"]
    assert jobs.unfinished == ["a", "b", "c", "d"]
    work.go_on.set()
    await jobs.idle()
    assert sorted(work.log) == sorted(
        f"{id} {what}" for id in "abcd" for what in ("begins", "ends")
    )
    assert jobs.unfinished == []


async def test_what_comes_while_it_runs_is_done_once_more_and_only_once() -> None:
    work = Work()
    jobs = Jobs(work, at_once=2)
    jobs.add("a")
    await a_while()
    jobs.add("a")
    jobs.add("a")
    work.go_on.set()
    await jobs.idle()
    assert work.log == ["a begins", "a ends"] * 2


async def test_a_session_that_is_held_is_left_alone_and_done_afterwards() -> None:
    work = Work()
    jobs = Jobs(work, at_once=2)
    jobs.add("a")
    await a_while()
    with jobs.held("a"):
        with jobs.held("a"):
            jobs.add("b")
            await a_while()
        await a_while()
        assert work.log == ["a begins", "a is broken off", "b begins"]
        work.go_on.set()
        await a_while()
        assert jobs.unfinished == ["a"]
    await jobs.idle()
    assert work.log[-2:] == ["a begins", "a ends"]


async def test_a_held_session_does_not_hold_up_others() -> None:
    work = Work()
    work.go_on.set()
    jobs = Jobs(work, at_once=1)
    with jobs.held("a"):
        jobs.add("a")
        jobs.add("b")
        await a_while()
        assert work.log == ["b begins", "b ends"]
        jobs.drop("a")
        await jobs.idle()


async def test_the_end_breaks_off_and_forgets() -> None:
    work = Work()
    jobs = Jobs(work, at_once=1)
    jobs.add("a")
    jobs.add("b")
    await a_while()
    await jobs.aclose()
    assert work.log == ["a begins", "a is broken off"]
    await jobs.idle()
