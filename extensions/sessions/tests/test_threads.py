"""Work that is waited for, whoever is cancelled."""

import asyncio
import threading

import pytest

from extensions.sessions.threads import to_the_end


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
