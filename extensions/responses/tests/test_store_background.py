"""Responses that run while nobody waits for them."""

import asyncio
import errno
import os
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from extensions.responses.cache import Cache
from extensions.responses.record import Background
from extensions.responses.store import CRASHED, ResponseStore
from extensions.responses.tests.samples import identity, record, running, texts
from extensions.responses.tests.test_store import shard, tree
from extensions.sessions.files import Disk
from extensions.sessions.tests.disks import FailingDisk
from extensions.sessions.tests.folders import refused
from gateway.core.errors import Conflict, ResponseNotFound, StorageUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "responses"


@pytest.fixture
def store(folder: Path) -> ResponseStore:
    return ResponseStore(folder)


async def test_a_response_runs_and_ends(store: ResponseStore, folder: Path) -> None:
    await store.begin(running(1, "a", "queued"))
    assert tree(folder) == [f"unfinished/{shard(1)}"]
    await store.keep(running(1, "b", "in_progress"))
    assert texts([await store.get(identity(1))]) == ["b"]
    await store.keep(running(1, "c", "completed"))
    assert tree(folder) == [shard(1)]
    assert await store.get(identity(1)) == running(1, "c", "completed")
    assert await ResponseStore(folder).get(identity(1)) == running(1, "c", "completed")


async def test_a_running_response_is_found_without_the_cache(folder: Path) -> None:
    store = ResponseStore(folder, cache=Cache(0, 0))
    for state in ("queued", "in_progress", "cancelled"):
        if state == "queued":
            await store.begin(running(state=state))
        else:
            await store.keep(running(state=state))
        assert (await store.get(identity(1))).background == Background(state)


async def test_what_was_deleted_while_it_ran_stays_so(store: ResponseStore, folder: Path) -> None:
    await store.begin(running())
    await store.delete(identity(1))
    await refused(
        store.keep(running(text="b")),
        store.keep(running(state="completed")),
        store.get(identity(1)),
        error=ResponseNotFound,
    )
    assert tree(folder) == []


async def test_what_ended_does_not_begin_again(store: ResponseStore) -> None:
    await store.begin(running())
    await store.keep(running(state="completed"))
    await refused(store.keep(running(state="in_progress")), error=ResponseNotFound)


async def test_after_a_crash_no_response_runs_for_ever(folder: Path) -> None:
    before = ResponseStore(folder)
    for number in range(1, 4):
        await before.begin(running(number, f"{number}"))
    await before.keep(running(2, state="completed"))
    await before.keep(replace(record(4), previous_response_id=identity(3)))
    store = ResponseStore(folder)
    await store.begin(running(5))
    assert await store.end_interrupted() == 2
    assert tree(folder) == [*(shard(n) for n in (1, 2, 3, 4)), f"unfinished/{shard(5)}"]
    ended = await store.get(identity(1))
    assert ended.background == Background("failed", CRASHED)
    assert texts([ended]) == ["1"]
    assert msgspec.json.decode(ended.response)["status"] == "failed"
    assert (await store.get(identity(2))).background == Background("completed")
    assert len(await store.chain(identity(4))) == 2
    assert await store.end_interrupted() == 0


async def test_what_had_ended_when_the_crash_came_is_not_failed(folder: Path) -> None:
    await ResponseStore(folder).begin(running(1))
    saved = (folder / "unfinished" / shard(1)).read_bytes()
    store = ResponseStore(folder)
    await store.keep(record(1, "Done."))
    assert (folder / "unfinished" / shard(1)).read_bytes() == saved
    assert await store.end_interrupted() == 0
    assert tree(folder) == [shard(1)]
    assert texts([await ResponseStore(folder).get(identity(1))]) == ["Done."]


async def test_what_is_damaged_while_it_ran_is_left_alone(folder: Path) -> None:
    await ResponseStore(folder).begin(running(1))
    (folder / "unfinished" / shard(1)).write_bytes(b"{")
    store = ResponseStore(folder)
    assert await store.end_interrupted() == 0
    await refused(store.get(identity(1)), error=ResponseNotFound)
    assert tree(folder) == [f"unfinished/{shard(1)}"]


async def test_a_failure_at_any_step_of_an_end_can_be_tried_again(tmp_path: Path) -> None:
    for step in range(1, 40):
        folder = tmp_path / str(step)
        disk = FailingDisk(step, errno.ENOSPC)
        store = ResponseStore(folder, disk=disk)
        try:
            await store.begin(running())
        except StorageUnavailable:
            continue
        try:
            await store.keep(running(state="completed"))
        except StorageUnavailable:
            await store.keep(running(state="completed"))
        assert tree(folder) == [shard(1)]
        assert await store.get(identity(1)) == running(state="completed")
        if not disk.failed:
            break
    assert step > 15


class UnsureDisk(Disk):
    """Does everything, and from some time on does not say whether it is safe."""

    sure = True

    def fsync(self, file: int) -> None:
        if not self.sure:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


async def test_what_was_deleted_on_a_disk_that_is_not_sure_stays_so(folder: Path) -> None:
    disk = UnsureDisk()
    store = ResponseStore(folder, disk=disk)
    await store.begin(running())
    disk.sure = False
    await refused(store.delete(identity(1)), error=StorageUnavailable)
    disk.sure = True
    await refused(store.keep(running(state="completed")), error=ResponseNotFound)
    assert tree(folder) == []


async def test_what_just_begins_does_not_look_interrupted(folder: Path) -> None:
    await ResponseStore(folder).begin(running(1))
    loop = asyncio.get_running_loop()
    ended: list[int] = []

    class Meanwhile(Disk):
        def link(self, source: Path, target: Path) -> None:
            super().link(source, target)
            if target.stem == identity(2):
                looking = asyncio.run_coroutine_threadsafe(opened.end_interrupted(), loop)
                ended.append(looking.result(5))

    opened = ResponseStore(folder, disk=Meanwhile())
    await opened.begin(running(2))
    assert ended == [1]
    assert tree(folder) == [shard(1), f"unfinished/{shard(2)}"]
    await refused(opened.begin(running(2)), error=Conflict)
    await opened.keep(running(2, state="completed"))
