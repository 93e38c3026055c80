"""Responses on disks that fail."""

import errno
from pathlib import Path

import pytest

from extensions.responses.store import ResponseStore
from extensions.responses.tests.samples import identity, record
from extensions.responses.tests.test_store import shard, tree
from extensions.sessions.tests.disks import FailingDisk
from extensions.sessions.tests.folders import refused
from gateway.core.errors import ResponseNotFound, StorageUnavailable


async def test_a_full_disk_at_any_step_leaves_nothing_or_all(tmp_path: Path) -> None:
    told: list[str] = []
    for step in range(1, 30):
        folder = tmp_path / str(step)
        disk = FailingDisk(step, errno.ENOSPC)
        store = ResponseStore(folder, disk=disk)
        done = True
        try:
            await store.keep(record())
        except StorageUnavailable as error:
            told.append(error.details["reason"])
            done = "done" in error.details
        if done:
            assert await store.get(identity(1)) == record()
        else:
            await refused(store.get(identity(1)), error=ResponseNotFound)
        assert tree(folder) == [shard(1)] * done
        if not disk.failed:
            break
    assert told == ["ENOSPC"] * (step - 1)
    assert step > 8


async def test_a_failed_deletion_is_told_and_what_is_left_is_found(tmp_path: Path) -> None:
    for step in range(1, 10):
        folder = tmp_path / str(step)
        await ResponseStore(folder).keep(record())
        disk = FailingDisk(step, errno.EROFS)
        store = ResponseStore(folder, disk=disk)
        if step < 4:
            await refused(store.delete(identity(1)), error=StorageUnavailable)
        else:
            await store.delete(identity(1))
        if tree(folder):
            assert await store.get(identity(1)) == record()
        else:
            await refused(store.get(identity(1)), error=ResponseNotFound)
    assert tree(folder) == []


@pytest.mark.parametrize("name", ["responses", "responses/01"])
async def test_a_folder_that_is_none_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    store = ResponseStore(tmp_path / "responses")
    for call in (store.get, store.chain, store.delete):
        await refused(call(identity(1)), error=StorageUnavailable)
    await refused(store.keep(record()), error=StorageUnavailable)
