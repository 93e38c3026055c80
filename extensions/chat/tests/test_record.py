"""Work that a cancellation does not break off."""

import asyncio

import pytest

from extensions.chat.record import unbroken


async def slowly(done: list[str]) -> str:
    await asyncio.sleep(0.05)
    done.append("done")
    return "result"


async def fail() -> None:
    await asyncio.sleep(0.01)
    raise KeyError("no")


async def test_the_result_and_the_error_of_the_work() -> None:
    assert await unbroken(slowly([])) == "result"
    with pytest.raises(KeyError):
        await unbroken(fail())


async def test_however_often_it_is_cancelled_the_work_is_done_first() -> None:
    done: list[str] = []
    working = asyncio.create_task(unbroken(slowly(done)))
    for _ in range(3):
        await asyncio.sleep(0.005)
        working.cancel("again")
    with pytest.raises(asyncio.CancelledError, match="again"):
        await working
    assert done == ["done"]


async def test_work_begins_even_when_the_caller_is_cancelled_already() -> None:
    done: list[str] = []

    async def cancelled() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await unbroken(slowly(done))

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(cancelled())
    assert done == ["done"]
