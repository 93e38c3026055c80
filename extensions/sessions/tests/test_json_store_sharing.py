"""Sessions in files that other programs write, too."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from extensions.sessions import records
from extensions.sessions.changes import apply
from extensions.sessions.json_store import JSONSessionStore
from extensions.sessions.service import Sessions
from extensions.sessions.tests.disks import InterruptedDisk
from extensions.sessions.tests.folders import damaged, names, refused
from extensions.sessions.tests.samples import LATER, LATEST, appended, session, texts
from gateway.core.errors import SessionNotFound, StorageUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "sessions"


@pytest.fixture
def store(folder: Path) -> JSONSessionStore:
    return JSONSessionStore(folder)


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


async def test_a_file_that_never_becomes_a_session_is_not_waited_for(
    store: JSONSessionStore, folder: Path
) -> None:
    path, over = damaged(folder, "a"), threading.Event()

    def write_on() -> None:
        while not over.wait(0.005):
            path.write_bytes(b'{"metadata": ')

    writing = threading.Thread(target=write_on)
    writing.start()
    try:
        began = time.monotonic()
        await refused(store.load("a"), error=SessionNotFound)
        assert time.monotonic() - began < 3
    finally:
        over.set()
        writing.join()


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
