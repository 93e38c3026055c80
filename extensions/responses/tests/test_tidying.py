"""Old responses, and what is left of a crash."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from extensions.responses.record import Background
from extensions.responses.store import MARKED_EVERY, ResponseStore
from extensions.responses.tests.samples import identity, record, running
from extensions.responses.tests.test_store import shard, tree
from extensions.responses.tidying import A_DAY, remove_old, tidied
from extensions.sessions.tests.disks import FailingDisk
from gateway.core.errors import PreviousResponseNotFound

NOW = 1_800_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "responses"


@pytest.fixture
def store(folder: Path) -> ResponseStore:
    return ResponseStore(folder)


async def keep_aged(store: ResponseStore, folder: Path, *ages: float) -> None:
    """Responses from number 1 on, each after the one before, so many days old."""
    for number, age in enumerate(ages, 1):
        created = int(NOW - age * A_DAY)
        await store.keep(record(number, after=number - 1 or None, created_at=created))
        os.utime(folder / shard(number), (created, created))


async def test_what_is_old_is_removed_and_what_follows_it_refused(
    store: ResponseStore, folder: Path
) -> None:
    await keep_aged(store, folder, 40, 31, 29, 0)
    assert await remove_old(store, NOW - 30 * A_DAY, 0) == 2
    assert tree(folder) == [shard(3), shard(4)]
    with pytest.raises(PreviousResponseNotFound, match=identity(2)):
        await store.chain(identity(4))
    assert await store.get(identity(4))


async def test_age_is_that_of_the_response_and_of_its_file(
    store: ResponseStore, folder: Path
) -> None:
    await keep_aged(store, folder, 40, 0)
    os.utime(folder / shard(1), (NOW, NOW))
    os.utime(folder / shard(2), (0, 0))
    assert await remove_old(store, NOW - 30 * A_DAY, 0) == 0


async def test_what_is_followed_grows_no_older(folder: Path) -> None:
    now = float(NOW)
    store = ResponseStore(folder, clock=lambda: now)
    await keep_aged(store, folder, 40, 35, 10)
    await store.chain(identity(3))
    times = {number: (folder / shard(number)).stat().st_mtime for number in (1, 2, 3)}
    assert await remove_old(store, time.time() - 60, 0) == 0

    for number in times:  # marked once in a while, not at each turn
        os.utime(folder / shard(number), (0, 0))
    now += MARKED_EVERY - 1
    await store.chain(identity(3))
    assert (folder / shard(1)).stat().st_mtime == 0
    now += 2
    await store.chain(identity(3))
    assert (folder / shard(1)).stat().st_mtime >= times[1]


async def test_what_is_followed_while_it_is_looked_at_stays(folder: Path) -> None:
    store = ResponseStore(folder, clock=lambda: NOW)
    await keep_aged(store, folder, NOW / A_DAY)
    [found] = await store.found(identity(1)[-2:])
    assert found.modified == 0
    await store.chain(identity(1))
    assert not await store.remove_old(identity(1), 1)


async def test_what_a_request_holds_stays_until_that_has_ended(
    store: ResponseStore, folder: Path
) -> None:
    await keep_aged(store, folder, 40, 40, 40)
    records = await store.chain(identity(2))
    with store.holding(records):
        with store.holding(records[:1]):
            assert await remove_old(store, NOW, 0) == 1
        assert await remove_old(store, NOW, 0) == 0
        assert len(await store.chain(identity(2))) == 2
    assert await remove_old(store, NOW, 0) == 2


async def test_no_request_comes_to_hold_what_is_being_removed(
    store: ResponseStore, folder: Path
) -> None:
    for turns in range(40):
        await keep_aged(store, folder, 40)
        removing = asyncio.create_task(store.remove_old(identity(1), NOW))
        for _ in range(turns):
            await asyncio.sleep(0)
        try:
            with store.holding(await store.chain(identity(1))):
                assert not await removing
            await store.delete(identity(1))
        except PreviousResponseNotFound:
            assert await removing
        assert tree(folder) == []


async def test_damaged_and_running_responses_are_left_alone(
    store: ResponseStore, folder: Path
) -> None:
    await keep_aged(store, folder, 40)
    (folder / shard(1)).write_bytes(b"{")
    os.utime(folder / shard(1), (0, 0))
    await store.begin(running(2))
    os.utime(folder / "unfinished" / shard(2), (0, 0))
    assert await remove_old(store, NOW + 10**9, 0) == 0
    assert tree(folder) == [shard(1), f"unfinished/{shard(2)}"]


async def gone(path: Path) -> None:
    async with asyncio.timeout(5):
        while os.path.lexists(path):  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.005)


async def test_it_is_done_at_start_and_again_every_day(folder: Path) -> None:
    await ResponseStore(folder).begin(running(9))
    store = ResponseStore(folder)
    await keep_aged(store, folder, 40, 20)
    tasks = len(asyncio.all_tasks())
    clock = iter([NOW, *[NOW + 15 * A_DAY] * 10_000])
    async with tidied(store, 30, clock=lambda: next(clock), every=0.01, pause=0):
        found = await store.get(identity(9))
        assert found.background is not None
        assert found.background.state == "failed"
        await gone(folder / shard(1))
        await gone(folder / shard(2))
    assert len(asyncio.all_tasks()) == tasks


async def test_without_days_nothing_is_removed(store: ResponseStore, folder: Path) -> None:
    await keep_aged(store, folder, 4000)
    async with tidied(store, 0, every=0.001, pause=0):
        await asyncio.sleep(0.05)
    assert tree(folder) == [shard(1)]


async def test_a_disk_that_fails_does_not_keep_the_gateway_from_starting(folder: Path) -> None:
    await ResponseStore(folder).begin(running(1))
    store = ResponseStore(folder, disk=FailingDisk(3, 28))
    async with tidied(store, 30, every=0.01, pause=0):
        await gone(folder / "unfinished" / shard(1))
    assert isinstance((await store.get(identity(1))).background, Background)
