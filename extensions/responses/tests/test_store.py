"""Responses that are kept, and followed."""

import asyncio
import shutil
import sys
from collections.abc import Awaitable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from msgspec.structs import replace

from extensions.responses.cache import Cache
from extensions.responses.record import ConversationPoint
from extensions.responses.store import ResponseStore
from extensions.responses.tests.samples import chained, identity, record, running, texts
from extensions.sessions.tests.disks import HastyDisk
from extensions.sessions.tests.folders import refused
from gateway.core.errors import (
    Conflict,
    ContextOverflow,
    InvalidRequest,
    PreviousResponseNotFound,
    ResponseNotFound,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "responses"


@pytest.fixture
def store(folder: Path) -> ResponseStore:
    return ResponseStore(folder, disk=HastyDisk())


async def keep_chain(store: ResponseStore, length: int) -> None:
    for found in chained(length):
        await store.keep(found)


def tree(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def shard(number: int) -> str:
    return f"{identity(number)[-2:]}/{identity(number)}.json"


async def test_what_is_kept_is_found_by_this_store_and_the_next(
    store: ResponseStore, folder: Path
) -> None:
    await store.keep(record())
    assert tree(folder) == [shard(1)]
    assert await store.get(identity(1)) == record()
    assert await ResponseStore(folder, disk=HastyDisk()).get(identity(1)) == record()


async def test_a_response_is_kept_once(store: ResponseStore) -> None:
    await store.keep(record(text="One."))
    await refused(store.keep(record(text="Two.")), error=Conflict)
    assert texts([await store.get(identity(1))]) == ["One."]


@pytest.mark.parametrize("id", ["", identity(2), "resp_1", "../../x", "resp_" + "x" * 1000])
async def test_what_is_not_there_is_told(store: ResponseStore, id: str) -> None:
    await store.keep(record())
    await refused(store.get(id), store.delete(id), error=ResponseNotFound)
    with pytest.raises(PreviousResponseNotFound) as caught:
        await store.chain(id)
    error = caught.value
    assert (error.param, error.reason) == ("previous_response_id", "previous_response_not_found")
    assert len(error.message) < 300


async def test_a_chain_is_told_oldest_first_and_branches_as_it_was(store: ResponseStore) -> None:
    await keep_chain(store, 3)
    await store.keep(record(4, "b", after=2))
    await store.keep(record(5, "c", after=4))
    assert texts(await store.chain(identity(3))) == ["1", "2", "3"]
    assert texts(await store.chain(identity(5))) == ["1", "2", "b", "c"]
    assert texts(await store.chain(identity(1))) == ["1"]


async def test_a_chain_begins_with_what_was_made_in_a_conversation(store: ResponseStore) -> None:
    point = ConversationPoint("conv_1", 4)
    await store.keep(replace(record(1, "a"), conversation=point, previous_response_id=identity(9)))
    await store.keep(record(2, "b", after=1))
    records = await store.chain(identity(2))
    assert texts(records) == ["a", "b"]
    assert records[0].conversation == point


async def test_a_deleted_response_is_gone_with_all_that_follow_it(
    store: ResponseStore, folder: Path
) -> None:
    await keep_chain(store, 3)
    await store.delete(identity(2))
    assert tree(folder) == [shard(1), shard(3)]
    await refused(store.get(identity(2)), store.delete(identity(2)), error=ResponseNotFound)
    for opened in (store, ResponseStore(folder, disk=HastyDisk())):
        with pytest.raises(PreviousResponseNotFound, match=f"{identity(2)}', which came before"):
            await opened.chain(identity(3))
        assert texts(await opened.chain(identity(1))) == ["1"]
    assert texts([await store.get(identity(3))]) == ["3"]


async def test_what_is_damaged_is_not_there_and_left_alone(folder: Path) -> None:
    await keep_chain(ResponseStore(folder, disk=HastyDisk()), 3)
    (folder / shard(2)).write_bytes(b"\0" * 1000)
    store = ResponseStore(folder, disk=HastyDisk())
    await refused(store.get(identity(2)), error=ResponseNotFound)
    await refused(store.chain(identity(3)), error=PreviousResponseNotFound)
    assert texts([await store.get(identity(3))]) == ["3"]
    await refused(store.keep(record(2)), error=Conflict)
    assert (folder / shard(2)).read_bytes() == b"\0" * 1000


@pytest.mark.parametrize("place", ["", "unfinished"])
async def test_what_is_damaged_can_be_deleted(folder: Path, place: str) -> None:
    path = folder / place / shard(1)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\0" * 1000)
    store = ResponseStore(folder, disk=HastyDisk())
    await store.delete(identity(1))
    assert tree(folder) == []
    await refused(store.delete(identity(1)), error=ResponseNotFound)


async def test_a_thousand_responses_are_followed_without_the_disk(
    store: ResponseStore, folder: Path
) -> None:
    await keep_chain(store, 1000)
    shutil.rmtree(folder)
    assert len(await store.chain(identity(1000))) == 1000


async def test_a_chain_is_read_from_the_disk_once_and_a_branch_needs_nothing_more(
    folder: Path,
) -> None:
    await keep_chain(ResponseStore(folder, disk=HastyDisk()), 200)
    store = ResponseStore(folder, disk=HastyDisk())
    assert texts(await store.chain(identity(200))) == [f"{n}" for n in range(1, 201)]
    shutil.rmtree(folder)
    assert len(await store.chain(identity(200))) == 200
    await store.keep(record(201, "b", after=150))
    assert texts(await store.chain(identity(201)))[148:] == ["149", "150", "b"]


def calls_of(work: Awaitable[object]) -> int:
    """How many functions were called, in this thread, to do what needs no waiting."""
    count = 0

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(counted)
    try:
        with pytest.raises(StopIteration):
            work.__await__().send(None)
    finally:
        sys.setprofile(None)
    return count


async def test_each_response_of_a_chain_costs_the_same(folder: Path) -> None:
    store = ResponseStore(folder, disk=HastyDisk(), clock=lambda: record().created_at)
    await keep_chain(store, 1000)
    tenth, last = (calls_of(store.chain(identity(n))) for n in (10, 1000))
    assert last - tenth == 2 * 990
    assert tenth < 50


async def test_a_chain_is_followed_whatever_fits_into_the_cache(folder: Path) -> None:
    store = ResponseStore(folder, disk=HastyDisk(), cache=Cache(2, 1_000_000))
    await keep_chain(store, 150)
    for opened in (store, ResponseStore(folder, cache=Cache(0, 0))):
        assert texts(await opened.chain(identity(150))) == [f"{n}" for n in range(1, 151)]


async def test_a_chain_has_bounds(folder: Path) -> None:
    await keep_chain(ResponseStore(folder, disk=HastyDisk()), 100)
    store = ResponseStore(folder, longest_chain=99)
    assert len(await store.chain(identity(99))) == 99
    await refused(store.chain(identity(100)), error=ContextOverflow)
    small = ResponseStore(folder, largest_chain=10_000)
    assert len(await small.chain(identity(3))) == 3
    await refused(small.chain(identity(100)), error=ContextOverflow)


@pytest.mark.parametrize("length", [1, 2, 100])
async def test_a_circle_of_files_ends(folder: Path, length: int) -> None:
    await keep_chain(ResponseStore(folder, disk=HastyDisk()), length)
    (folder / shard(1)).unlink()
    await ResponseStore(folder, disk=HastyDisk()).keep(record(1, after=length))
    with pytest.raises(InvalidRequest, match="circle"):
        await ResponseStore(folder, disk=HastyDisk()).chain(identity(length))


async def test_a_hundred_writers_lose_nothing(store: ResponseStore, folder: Path) -> None:
    await store.keep(record(1, "1"))

    async def write(number: int) -> None:
        for _ in range(5):
            assert len(await store.chain(identity(1))) == 1
        await store.keep(record(number, f"{number}", after=1))

    numbers = range(2, 102)
    await asyncio.gather(*map(write, numbers))
    opened = ResponseStore(folder, disk=HastyDisk())
    found = [texts(await opened.chain(identity(number))) for number in numbers]
    assert found == [["1", f"{number}"] for number in numbers]
    assert len(tree(folder)) == 101


async def test_of_a_hundred_deletions_one_succeeds(store: ResponseStore) -> None:
    await store.keep(record())
    tries = [store.delete(identity(1)) for _ in range(100)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert [result for result in results if not isinstance(result, ResponseNotFound)] == [None]


async def test_what_is_deleted_while_it_is_read_is_not_remembered(folder: Path) -> None:
    await keep_chain(ResponseStore(folder, disk=HastyDisk()), 60)
    for number in range(61, 71):
        store = ResponseStore(folder, disk=HastyDisk())
        await ResponseStore(folder, disk=HastyDisk()).keep(record(number, after=60))
        reading = asyncio.create_task(store.chain(identity(number)))
        await asyncio.sleep(0)
        await store.delete(identity(number))
        await asyncio.gather(reading, return_exceptions=True)
        await refused(store.chain(identity(number)), error=PreviousResponseNotFound)


class CountingThreads(ThreadPoolExecutor):
    """Counts what it was given to do."""

    count = 0

    def submit(self, *arguments: Any, **others: Any) -> Future[Any]:
        self.count += 1
        return super().submit(*arguments, **others)


async def test_a_chain_is_read_in_pieces_of_bounded_size(folder: Path) -> None:
    threads = CountingThreads()
    asyncio.get_running_loop().set_default_executor(threads)
    store = ResponseStore(folder, disk=HastyDisk())
    for number in range(1, 7):
        await store.keep(record(number, "x" * 300_000, after=number - 1 or None))
    await keep_chain(ResponseStore(folder / "short", disk=HastyDisk()), 100)
    for path, length, expected in ((folder, 6, 3), (folder / "short", 100, 2)):
        threads.count = 0
        opened = ResponseStore(path, disk=HastyDisk(), clock=lambda: record().created_at)
        await opened.chain(identity(length))
        assert threads.count == expected


async def test_keeping_is_done_to_the_end_when_the_client_has_gone(folder: Path) -> None:
    store = ResponseStore(folder, disk=HastyDisk())
    tasks = [
        asyncio.create_task(store.keep(record(1))),
        asyncio.create_task(store.begin(running(2))),
    ]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)
    await store.keep(running(2, state="completed"))
    assert tree(folder) == [shard(1), shard(2)]
