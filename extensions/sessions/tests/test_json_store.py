"""Sessions in files: other programs, damage, full disks, cancellation."""

import asyncio
import errno
import logging
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from extensions.sessions import records
from extensions.sessions.changes import apply
from extensions.sessions.files import LITTER_AGE
from extensions.sessions.json_store import JSONSessionStore
from extensions.sessions.service import Sessions
from extensions.sessions.session import Session
from extensions.sessions.tests.disks import FailingDisk, InterruptedDisk
from extensions.sessions.tests.samples import LATER, LATEST, appended, session, texts
from gateway.core.errors import Conflict, SessionNotFound, SessionReadOnly, StorageUnavailable

LONG_AGO = 1_700_000_000


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


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


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def write_in_place(folder: Path, id: str, text: str) -> None:
    """Add a message as mochi-coco does: read all, then write over it."""
    path = folder / f"{id}.json"
    old = records.read(path.read_bytes(), id=id, modified=LATER)
    path.write_bytes(records.write(apply(old, appended(text), LATER)))


def write_and_rename(folder: Path, id: str, text: str) -> None:
    path = folder / f"{id}.json"
    old = records.read(path.read_bytes(), id=id, modified=LATER)
    new = folder / "new"
    new.write_bytes(records.write(apply(old, appended(text), LATER)))
    new.rename(path)


def damaged(folder: Path, id: str, content: bytes = b'{"metadata": ') -> Path:
    """A file that has been no session for a long time."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{id}.json"
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def swap_unseen(path: Path) -> None:
    """Damage the file without a trace: only somebody who reads it can tell."""
    status = path.stat()
    with path.open("r+b") as file:
        file.write(b"#" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


async def refused(*calls: Awaitable[object], error: type[Exception]) -> None:
    for call in calls:
        with pytest.raises(error):
            await call


async def test_the_folder_and_its_files_are_the_owners_alone(
    store: JSONSessionStore, folder: Path
) -> None:
    opened = await store.create(session("a"))
    assert (mode(folder), mode(folder / "a.json"), names(folder)) == (0o700, 0o600, ["a.json"])
    (folder / "a.json").chmod(0o644)
    await store.commit(opened, [appended("One.")], LATER)
    assert (mode(folder / "a.json"), names(folder)) == (0o600, ["a.json"])


async def test_nothing_is_made_before_something_is_written(
    store: JSONSessionStore, tmp_path: Path
) -> None:
    await store.list()
    await refused(store.load("a"), store.delete("a"), error=SessionNotFound)
    assert names(tmp_path) == []


async def test_a_file_is_what_the_records_make_of_a_session(
    store: JSONSessionStore, folder: Path
) -> None:
    created = await store.create(session("a", "Olá, 世界."))
    assert (folder / "a.json").read_bytes() == records.write(created)


async def test_no_link_is_followed(store: JSONSessionStore, folder: Path, tmp_path: Path) -> None:
    other = JSONSessionStore(tmp_path)
    created = await other.create(session("secret", "Mine."))
    before = (tmp_path / "secret.json").read_bytes()
    os.makedirs(folder)
    (folder / "secret.json").symlink_to(tmp_path / "secret.json")
    (folder / "nowhere.json").symlink_to(tmp_path / "nothing.json")
    await refused(
        store.load("secret"),
        store.commit(created, [appended("Yours.")], LATER),
        store.delete("secret"),
        store.load("nowhere"),
        error=SessionNotFound,
    )
    await refused(store.create(session("secret")), store.create(session("nowhere")), error=Conflict)
    assert list(await store.list()) == []
    assert (tmp_path / "secret.json").read_bytes() == before
    assert not (tmp_path / "nothing.json").exists()


async def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    await JSONSessionStore(tmp_path / "link").create(session("a", "One."))
    assert names(tmp_path / "real") == ["a.json"]


async def test_what_is_no_file_is_no_session(store: JSONSessionStore, folder: Path) -> None:
    (folder / "folder.json").mkdir(parents=True)
    os.mkfifo(folder / "pipe.json")
    here = os.getcwd()
    os.chdir(folder)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.json")
        os.chdir(here)
        async with asyncio.timeout(5):
            for id in ("folder", "pipe", "socket"):
                await refused(store.load(id), store.delete(id), error=SessionNotFound)
            assert list(await store.list()) == []
    assert names(folder) == ["folder.json", "pipe.json", "socket.json"]


@pytest.mark.parametrize("write", [write_in_place, write_and_rename])
async def test_what_another_program_wrote_since_is_kept(
    store: JSONSessionStore, folder: Path, write: Callable[[Path, str, str], None]
) -> None:
    opened = await store.create(session("a", "One."))
    write(folder, "a", "Theirs.")
    opened = await store.commit(opened, [appended("Ours.")], LATEST)
    assert texts(opened) == texts(await store.load("a")) == ["One.", "Theirs.", "Ours."]


@pytest.mark.parametrize("write", [write_in_place, write_and_rename])
async def test_what_another_program_writes_at_that_moment_is_kept(
    folder: Path, write: Callable[[Path, str, str], None]
) -> None:
    opened = await JSONSessionStore(folder).create(session("a", "One."))
    theirs = iter(["Theirs.", "Theirs, too."])

    def meanwhile() -> None:
        for text in theirs:
            write(folder, "a", text)
            break

    store = JSONSessionStore(folder, disk=InterruptedDisk(meanwhile))
    await store.commit(opened, [appended("Ours.")], LATEST)
    assert texts(await store.load("a")) == ["One.", "Theirs.", "Theirs, too.", "Ours."]
    assert names(folder) == ["a.json"]


async def test_a_program_that_never_stops_writing_is_not_waited_for(folder: Path) -> None:
    opened = await JSONSessionStore(folder).create(session("a"))
    store = JSONSessionStore(
        folder, disk=InterruptedDisk(lambda: write_and_rename(folder, "a", "Theirs."))
    )
    async with asyncio.timeout(5):
        await refused(store.commit(opened, [appended("Ours.")], LATER), error=StorageUnavailable)
    assert names(folder) == ["a.json"]


async def test_a_file_that_is_half_written_is_waited_for(
    store: JSONSessionStore, folder: Path
) -> None:
    opened = await store.create(session("a", "One."))
    path = folder / "a.json"
    new = records.write(apply(opened, appended("Theirs."), LATER))
    path.write_bytes(new[:100])
    threading.Timer(0.08, path.write_bytes, [new]).start()
    opened = await store.commit(opened, [appended("Ours.")], LATEST)
    assert texts(opened) == ["One.", "Theirs.", "Ours."]


async def test_nothing_is_read_again_that_nobody_changed(
    store: JSONSessionStore, folder: Path
) -> None:
    opened = await store.create(session("a", "One."))
    swap_unseen(folder / "a.json")
    assert [item.preview for item in await store.list()] == ["One."]
    await store.commit(opened, [appended("Two.")], LATER)
    assert texts(await store.load("a")) == ["One.", "Two."]


async def test_a_damaged_file_harms_only_itself(
    store: JSONSessionStore, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened = await store.create(session("bad", "One."))
    await store.create(session("good"))
    path = damaged(folder, "bad")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert [item.session_id for item in await store.list()] == ["good"]
        await refused(
            store.load("bad"),
            store.commit(opened, [appended("Two.")], LATER),
            store.delete("bad"),
            error=SessionNotFound,
        )
    await refused(store.create(session("bad")), error=Conflict)
    assert path.read_bytes() == b'{"metadata": '
    assert len([record for record in caplog.records if "bad" in record.getMessage()]) == 1


async def test_a_damaged_file_that_was_mended_is_a_session_again(
    store: JSONSessionStore, folder: Path
) -> None:
    path = damaged(folder, "a")
    assert list(await store.list()) == []
    path.write_bytes(records.write(session("a", "One.")))
    assert [item.preview for item in await store.list()] == ["One."]


async def test_a_file_of_a_later_version_is_read_and_never_written(
    store: JSONSessionStore, folder: Path
) -> None:
    opened = await store.create(session("a", "One."))
    path = folder / "a.json"
    later = path.read_bytes().replace(b'"format_version": "1.3"', b'"format_version": "2.0"')
    path.write_bytes(later)
    assert texts(await store.load("a")) == ["One."]
    assert [item.preview for item in await store.list()] == ["One."]
    for known in (opened, await store.load("a")):
        with pytest.raises(SessionReadOnly) as told:
            await store.commit(known, [appended("Two.")], LATER)
        assert told.value.details == {"session_id": "a", "format_version": "2.0"}
    assert (path.read_bytes(), names(folder)) == (later, ["a.json"])


async def test_a_file_of_an_impossible_year_is_read(store: JSONSessionStore, folder: Path) -> None:
    await store.create(session("a", "One."))
    os.utime(folder / "a.json", (2**33, 2**33))
    assert texts(await store.load("a")) == ["One."]


async def test_other_files_are_no_sessions(store: JSONSessionStore, folder: Path) -> None:
    await store.create(session("a"))
    for name in ("a.json.bak", ".json", "b.JSON", "a b.json", "..json", "x" * 65 + ".json"):
        (folder / name).write_bytes((folder / "a.json").read_bytes())
    assert [item.session_id for item in await store.list()] == ["a"]


async def test_a_file_that_was_deleted_by_hand_stays_deleted(
    store: JSONSessionStore, folder: Path
) -> None:
    opened = await store.create(session("a", "One."))
    (folder / "a.json").unlink()
    await refused(
        store.commit(opened, [appended("Two.")], LATER), store.load("a"), error=SessionNotFound
    )
    assert (list(await store.list()), names(folder)) == ([], [])


async def test_a_file_that_is_deleted_at_that_moment_stays_deleted(folder: Path) -> None:
    opened = await JSONSessionStore(folder).create(session("a", "One."))
    store = JSONSessionStore(folder, disk=InterruptedDisk((folder / "a.json").unlink))
    await refused(store.commit(opened, [appended("Two.")], LATER), error=SessionNotFound)
    assert names(folder) == []


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


async def listed(store: JSONSessionStore) -> None:
    await store.list()


async def written(store: JSONSessionStore) -> None:
    await store.create(session("new"))


@pytest.mark.parametrize("use", [listed, written])
async def test_old_litter_of_ours_is_removed_and_nothing_else(
    store: JSONSessionStore, folder: Path, use: Callable[[JSONSessionStore], Awaitable[None]]
) -> None:
    os.makedirs(folder)
    old = time.time() - LITTER_AGE - 60
    ours, young, theirs = ".a.0011223344556677.tmp", ".a.8899aabbccddeeff.tmp", ".a.tmp"
    for name in (ours, young, theirs):
        (folder / name).write_text("half a sess")
    for name in (ours, theirs):
        os.utime(folder / name, (old, old))
    await use(store)
    assert [name for name in names(folder) if name.endswith(".tmp")] == [young, theirs]


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


async def test_a_time_limit_around_a_commit_is_a_time_limit(folder: Path) -> None:
    opened = await JSONSessionStore(folder).create(session("a"))
    store = JSONSessionStore(folder, disk=InterruptedDisk(lambda: time.sleep(0.05)))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await store.commit(opened, [appended("One.")], LATER)
    assert texts(await store.load("a")) == ["One."]


async def test_a_hundred_turns_at_once_lose_nothing(store: JSONSessionStore) -> None:
    sessions = Sessions(store)
    await sessions.create(session("a"))

    async def turn(number: int) -> None:
        async with sessions.turn("a") as opened:
            await opened.commit(appended(f"{number}?"))
            await opened.commit(appended(f"{number}."))

    await asyncio.gather(*(turn(number) for number in range(100)))
    asked_and_answered = [text for n in range(100) for text in (f"{n}?", f"{n}.")]
    assert texts(await sessions.get("a")) == asked_and_answered


async def test_two_programs_by_turns_lose_nothing(
    folder: Path,
) -> None:
    ours, theirs = Sessions(JSONSessionStore(folder)), Sessions(JSONSessionStore(folder))
    await ours.create(session("a"))

    async def alternate(sessions: Sessions, number: int) -> None:
        async with sessions.turn("a") as opened:
            await opened.commit(appended(f"{number}"))

    for number in range(0, 100, 2):
        await alternate(ours, number)
        await alternate(theirs, number + 1)
    assert texts(await ours.get("a")) == [f"{number}" for number in range(100)]


async def test_readers_never_see_a_half(store: JSONSessionStore) -> None:
    opened = await store.create(session("a", "x" * 100_000))
    done = asyncio.Event()

    async def watch() -> int:
        seen = 0
        while not done.is_set():
            kept: Session = await store.load("a")
            assert len(kept.messages) >= seen
            seen = len(kept.messages)
            assert len(await store.list()) == 1
        return seen

    watching = asyncio.create_task(watch())
    for number in range(50):
        opened = await store.commit(opened, [appended(f"{number}")], LATER)
    done.set()
    await watching
