"""Sessions in files: full disks, permissions, cancellation."""

import asyncio
import errno
import os
import threading
import time
from pathlib import Path

import pytest

from extensions.sessions.files import Disk
from extensions.sessions.json_store import JSONSessionStore
from extensions.sessions.service import Sessions
from extensions.sessions.tests.disks import FailingDisk, InterruptedDisk
from extensions.sessions.tests.folders import names, refused
from extensions.sessions.tests.samples import LATER, appended, session, texts
from gateway.core.errors import StorageUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "sessions"


@pytest.fixture
def store(folder: Path) -> JSONSessionStore:
    return JSONSessionStore(folder)


@pytest.fixture
def permissions(tmp_path: Path) -> None:
    """Skips where they mean nothing, as for root."""
    probe = tmp_path / "probe"
    probe.touch(mode=0)
    if os.access(probe, os.R_OK):
        pytest.skip("nothing is forbidden to this user")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
async def test_a_failure_at_any_step_of_a_commit_leaves_the_old_or_the_new_file(
    folder: Path, number: int
) -> None:
    opened = await JSONSessionStore(folder).create(session("a", "One."))
    told: list[str] = []
    for step in range(1, 30):
        disk = FailingDisk(step, number)
        store = JSONSessionStore(folder, disk=disk)
        before = texts(opened)
        try:
            opened = await store.commit(opened, [appended(f"{step}")], LATER)
        except StorageUnavailable as error:
            told.append(error.details["reason"])
        assert names(folder) == ["a.json"]
        kept = await store.load("a")
        if not disk.failed:
            assert texts(kept) == texts(opened) == [*before, f"{step}"]
            break
        assert texts(kept) in (before, [*before, f"{step}"])
        opened = kept
    assert told == [errno.errorcode[number]] * (step - 1)
    assert step > 6


async def test_a_refusal_tells_whether_the_change_is_made_all_the_same(folder: Path) -> None:
    told: list[bool] = []
    for step in range(1, 30):
        opened = await JSONSessionStore(folder).create(session(f"{step}"))
        store = JSONSessionStore(folder, disk=FailingDisk(step, errno.EIO))
        try:
            await store.commit(opened, [appended("One.")], LATER)
            break
        except StorageUnavailable as error:
            told.append("done" in error.details)
        assert texts(await store.load(opened.id)) == ["One."] * told[-1]
    assert told[-2:] == [True, True]
    assert not any(told[:-2])


async def test_a_failure_at_any_step_of_a_creation_leaves_nothing_or_all(tmp_path: Path) -> None:
    for step in range(1, 30):
        disk = FailingDisk(step, errno.ENOSPC)
        store = JSONSessionStore(tmp_path / str(step), disk=disk)
        try:
            await store.create(session("a", "One."))
        except StorageUnavailable:
            assert [item.preview for item in await store.list()] in ([], ["One."])
        if not disk.failed:
            break
    assert texts(await store.load("a")) == ["One."]
    assert step > 8


async def test_a_failed_deletion_is_told(folder: Path) -> None:
    for step in range(1, 30):
        disk = FailingDisk(step, errno.EROFS)
        if not (folder / "a.json").exists():
            await JSONSessionStore(folder).create(session("a", "One."))
        deletion = JSONSessionStore(folder, disk=disk).delete("a")
        if step < 4:
            await refused(deletion, error=StorageUnavailable)
        else:
            await deletion
            break
    assert names(folder) == []


class ReadOnlyDisk(Disk):
    def may_change(self, folder: Path) -> bool:
        return False

    def unlink(self, path: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))


async def test_a_session_that_cannot_be_deleted_goes_on(folder: Path) -> None:
    await JSONSessionStore(folder).create(session("a", "One."))
    sessions, ended = Sessions(JSONSessionStore(folder, disk=ReadOnlyDisk())), []
    with sessions.streaming("a", lambda: ended.append("a")):
        await refused(sessions.delete("a"), error=StorageUnavailable)
    assert (ended, texts(await sessions.get("a"))) == ([], ["One."])


async def test_the_next_commit_after_a_failed_one_works(folder: Path) -> None:
    disk = FailingDisk(2, errno.ENOSPC)
    opened = await JSONSessionStore(folder).create(session("a"))
    store = JSONSessionStore(folder, disk=disk)
    await refused(store.commit(opened, [appended("One.")], LATER), error=StorageUnavailable)
    assert texts(await store.commit(opened, [appended("Two.")], LATER)) == ["Two."]


async def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = JSONSessionStore(tmp_path / "file")
    await refused(
        store.create(session("a")),
        store.load("a"),
        store.list(),
        store.delete("a"),
        error=StorageUnavailable,
    )


@pytest.mark.usefixtures("permissions")
async def test_a_folder_that_cannot_be_written_is_still_read(
    store: JSONSessionStore, folder: Path
) -> None:
    opened = await store.create(session("a", "One."))
    os.chmod(folder, 0o500)
    await refused(store.commit(opened, [appended("Two.")], LATER), error=StorageUnavailable)
    assert texts(await store.load("a")) == ["One."]
    os.chmod(folder, 0o700)


@pytest.mark.usefixtures("permissions")
async def test_a_file_that_may_not_be_read_is_skipped_until_it_may(
    store: JSONSessionStore, folder: Path
) -> None:
    await JSONSessionStore(folder).create(session("a", "One."))
    (folder / "a.json").chmod(0)
    assert list(await store.list()) == []
    await refused(store.load("a"), error=StorageUnavailable)
    (folder / "a.json").chmod(0o600)
    assert [item.preview for item in await store.list()] == ["One."]


class Waiting:
    """Holds a write until it is told to go on; `begun` when it is being held."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self.go_on.wait(5)


async def test_a_commit_that_was_begun_is_finished_before_the_cancellation_takes_effect(
    folder: Path,
) -> None:
    await JSONSessionStore(folder).create(session("a"))
    waiting = Waiting()
    sessions = Sessions(JSONSessionStore(folder, disk=InterruptedDisk(waiting)))

    async def turn(text: str) -> None:
        async with sessions.turn("a") as opened:
            await opened.commit(appended(text))

    first = asyncio.create_task(turn("One."))
    assert await asyncio.to_thread(waiting.begun.wait, 5)
    second = asyncio.create_task(turn("Two."))
    for _ in range(3):
        first.cancel()
        await asyncio.sleep(0.01)
    assert not first.done()
    waiting.go_on.set()
    await asyncio.gather(first, second, return_exceptions=True)
    assert first.cancelled()
    assert texts(await sessions.get("a")) == ["One.", "Two."]


async def test_what_is_saved_after_a_cancelled_commit_follows_it(folder: Path) -> None:
    await JSONSessionStore(folder).create(session("a"))
    waiting = Waiting()
    sessions = Sessions(JSONSessionStore(folder, disk=InterruptedDisk(waiting)))

    async def stream() -> None:
        async with sessions.turn("a") as opened:
            try:
                await opened.commit(appended("One."))
            finally:
                await opened.commit(appended("Cut sho"))

    streaming = asyncio.create_task(stream())
    assert await asyncio.to_thread(waiting.begun.wait, 5)
    streaming.cancel()
    waiting.go_on.set()
    await asyncio.gather(streaming, return_exceptions=True)
    assert texts(await sessions.get("a")) == ["One.", "Cut sho"]


async def test_a_time_limit_around_a_commit_is_a_time_limit(folder: Path) -> None:
    opened = await JSONSessionStore(folder).create(session("a"))
    store = JSONSessionStore(folder, disk=InterruptedDisk(lambda: time.sleep(0.05)))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await store.commit(opened, [appended("One.")], LATER)
    assert texts(await store.load("a")) == ["One."]
