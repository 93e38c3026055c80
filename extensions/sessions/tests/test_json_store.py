"""Sessions in files: which files they are, damage, litter, many at once."""

import asyncio
import gc
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from extensions.sessions import records
from extensions.sessions.files import LITTER_AGE
from extensions.sessions.json_store import JSONSessionStore
from extensions.sessions.listing import Entry
from extensions.sessions.service import Sessions
from extensions.sessions.session import Session
from extensions.sessions.tests.folders import damaged, names, refused
from extensions.sessions.tests.samples import LATER, appended, session, texts
from gateway.core.errors import Conflict, SessionNotFound, SessionReadOnly, StorageUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "sessions"


@pytest.fixture
def store(folder: Path) -> JSONSessionStore:
    return JSONSessionStore(folder)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def swap_unseen(path: Path) -> None:
    """Damage the file without a trace: only somebody who reads it can tell."""
    status = path.stat()
    with path.open("r+b") as file:
        file.write(b"#" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


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


async def test_a_file_never_becomes_too_large_to_be_read_again(folder: Path) -> None:
    store = JSONSessionStore(folder, largest=2000)
    opened = await store.create(session("a", "One."))
    with pytest.raises(StorageUnavailable) as caught:
        await store.commit(opened, [appended("x" * 2000)], LATER)
    assert caught.value.details == {"reason": "EFBIG"}
    assert texts(await store.load("a")) == ["One."]
    await JSONSessionStore(folder).commit(opened, [appended("x" * 2000)], LATER)
    os.utime(folder / "a.json", (1, 1))
    assert list(await store.list()) == []
    with pytest.raises(SessionNotFound):
        await store.load("a")


async def test_nothing_is_remembered_of_a_deleted_session(store: JSONSessionStore) -> None:
    """A gateway whose clients begin and delete sessions, and never list any, must not grow."""
    before = remembered()
    for number in range(20):
        kept = await store.create(session(f"{number:010x}"))
        await store.delete(kept.id)
    assert remembered() == before


def remembered() -> int:
    return sum(isinstance(known, Entry) for known in gc.get_objects())
