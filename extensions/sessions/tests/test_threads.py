"""Work that is waited for, whoever is cancelled."""

import asyncio
import threading

import pytest

from extensions.sessions.threads import to_the_end, unbroken


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


def fail() -> None:
    raise ZeroDivisionError


async def test_what_the_work_returns_or_raises() -> None:
    assert await to_the_end(threading.current_thread) is not threading.main_thread()
    with pytest.raises(ZeroDivisionError):
        await to_the_end(fail)


@pytest.mark.parametrize("fails", [False, True])
async def test_a_cancellation_waits_for_the_work(fails: bool) -> None:
    go_on, done = threading.Event(), threading.Event()

    def work() -> None:
        assert go_on.wait(5)
        done.set()
        if fails:
            fail()

    task = asyncio.create_task(to_the_end(work))
    for _ in range(3):
        await asyncio.sleep(0.01)
        task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()


async def slowly(done: list[str]) -> str:
    await asyncio.sleep(0.05)
    done.append("done")
    return "result"


async def fail_later() -> None:
    await asyncio.sleep(0.01)
    raise KeyError("no")


async def test_the_result_and_the_error_of_the_work() -> None:
    assert await unbroken(slowly([])) == "result"
    with pytest.raises(KeyError):
        await unbroken(fail_later())


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
