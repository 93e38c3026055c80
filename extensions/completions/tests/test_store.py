"""Chat completions that are kept, and lists of them."""

import asyncio
import errno
import os
from pathlib import Path

import msgspec
import pytest

from extensions.completions.store import CompletionStore, Page, Query, Shown
from extensions.completions.tests.samples import completion, identity
from extensions.sessions.tests.disks import FailingDisk, HastyDisk
from extensions.sessions.tests.folders import refused
from gateway.core.errors import (
    CompletionNotFound,
    Conflict,
    InvalidRequest,
    StorageUnavailable,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "completions"


@pytest.fixture
def store(folder: Path) -> CompletionStore:
    return CompletionStore(folder, disk=HastyDisk())


async def keep(store: CompletionStore, *numbers: int) -> None:
    for number in numbers:
        await store.put(completion(number))


def numbers(page: Page[Shown]) -> list[int]:
    return [int(shown.id.removeprefix("chatcmpl-"), 16) for shown in page.items]


async def everything(store: CompletionStore) -> list[int]:
    return numbers(await store.list(Query(limit=10**9)))


def path(folder: Path, number: int) -> Path:
    id = identity(number)
    return folder / id[-2:] / f"{id}.json"


def tree(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


async def test_what_is_kept_is_found_by_this_store_and_the_next(
    store: CompletionStore, folder: Path
) -> None:
    await store.put(completion(topic="tea"))
    for opened in (store, CompletionStore(folder)):
        assert await opened.get(identity(1)) == completion(topic="tea")
        page = await opened.list(Query())
        assert numbers(page) == [1]
        assert msgspec.json.decode(page.items[0].object)["metadata"] == {"topic": "tea"}


@pytest.mark.parametrize("id", ["", identity(2), "chatcmpl-1", "../../x"])
async def test_what_is_not_there_is_told(store: CompletionStore, id: str) -> None:
    await keep(store, 1)
    await refused(store.get(id), error=CompletionNotFound)
    await refused(store.update(id, {}), error=CompletionNotFound)
    await refused(store.delete(id), error=CompletionNotFound)
    await refused(store.messages(id), error=CompletionNotFound)
    await refused(store.list(Query(after=id)), error=InvalidRequest)


async def test_a_completion_is_kept_once(store: CompletionStore) -> None:
    await keep(store, 1)
    await refused(store.put(completion(1)), error=Conflict)


async def test_pages_follow_each_other_either_way(store: CompletionStore) -> None:
    await keep(store, *range(1, 8))
    for order, expected in (("asc", [1, 2, 3, 4, 5, 6, 7]), ("desc", [7, 6, 5, 4, 3, 2, 1])):
        seen: list[int] = []
        page = Page[Shown]((), True)
        while page.has_more:
            after = identity(seen[-1]) if seen else None
            page = await store.list(Query(after=after, limit=3, order=order))  # type: ignore[arg-type]
            seen += numbers(page)
        assert seen == expected
    assert (await store.list(Query(limit=7))).has_more is False


async def test_whoever_deletes_what_a_page_shows_gets_the_next_page(
    store: CompletionStore,
) -> None:
    await keep(store, *range(1, 8))
    deleted: list[int] = []
    page = Page[Shown]((), True)
    while page.has_more:
        after = identity(deleted[-1]) if deleted else None
        page = await store.list(Query(after=after, limit=3))
        for number in numbers(page):
            await store.delete(identity(number))
            deleted.append(number)
    assert deleted == [1, 2, 3, 4, 5, 6, 7]


async def test_lists_are_of_a_model_and_of_metadata(store: CompletionStore) -> None:
    await store.put(completion(1, model="a", x="1", y="2"))
    await store.put(completion(2, model="b", x="1"))
    await store.put(completion(3, model="b", x="2", y="2"))
    for query, expected in (
        (Query(model="b"), [2, 3]),
        (Query(model="c"), []),
        (Query(metadata={"x": "1"}), [1, 2]),
        (Query(metadata={"x": "1", "y": "2"}), [1]),
        (Query(metadata={"x": ""}), []),
        (Query(model="b", metadata={"y": "2"}), [3]),
        (Query(model="b", limit=1), [2]),
    ):
        page = await store.list(query)
        assert (numbers(page), page.has_more) == (expected, query.limit == 1)


async def test_metadata_are_replaced_and_lists_know(store: CompletionStore, folder: Path) -> None:
    await store.put(completion(x="1"))
    assert numbers(await store.list(Query(metadata={"x": "1"}))) == [1]
    changed = await store.update(identity(1), {"y": "2"})
    assert changed == completion(y="2")
    for opened in (store, CompletionStore(folder)):
        assert await opened.get(identity(1)) == changed
        assert numbers(await opened.list(Query(metadata={"x": "1"}))) == []
        assert numbers(await opened.list(Query(metadata={"y": "2"}))) == [1]


async def test_keys_of_others_survive_an_update(store: CompletionStore, folder: Path) -> None:
    await keep(store, 1)
    file = path(folder, 1)
    file.write_bytes(file.read_bytes().replace(b"{\n", b'{\n"theirs": [ 1 ],\n', 1))
    await store.update(identity(1), {"a": "b"})
    assert b'"theirs": [ 1 ]' in file.read_bytes()


async def test_metadata_for_which_there_is_no_room_are_looked_at_in_the_files(
    folder: Path,
) -> None:
    store = CompletionStore(folder, disk=HastyDisk(), room=500)
    for number in range(1, 6):
        await store.put(completion(number, x=f"{number % 2}"))
    assert numbers(await store.list(Query(metadata={"x": "1"}))) == [1, 3, 5]


async def test_messages_have_ids_of_their_own(store: CompletionStore) -> None:
    await keep(store, 1)
    found = await store.messages(identity(1))
    assert [shown.id for shown in found] == [f"{identity(1)}-0", f"{identity(1)}-1"]
    assert [shown.object for shown in found] == list(completion(1).messages)


async def test_what_is_damaged_is_skipped_and_left_alone(
    store: CompletionStore, folder: Path
) -> None:
    await keep(store, 1, 2, 3)
    assert await everything(store) == [1, 2, 3]
    path(folder, 2).write_bytes(b"{")
    for opened in (store, CompletionStore(folder)):
        assert await everything(opened) == [1, 3]
        await refused(opened.get(identity(2)), error=CompletionNotFound)
        await refused(opened.update(identity(2), {}), error=CompletionNotFound)
    assert path(folder, 2).read_bytes() == b"{"


async def test_what_is_damaged_can_be_deleted(store: CompletionStore, folder: Path) -> None:
    await keep(store, 1, 2)
    assert await everything(store) == [1, 2]
    path(folder, 2).write_bytes(b"{")
    await store.delete(identity(2))
    assert tree(folder) == [path(folder, 1).name]
    assert await everything(store) == [1]
    await refused(store.delete(identity(2)), error=CompletionNotFound)


async def test_what_was_removed_by_hand_is_gone(store: CompletionStore, folder: Path) -> None:
    await keep(store, 1, 2)
    assert await everything(store) == [1, 2]
    os.unlink(path(folder, 1))
    assert await everything(store) == [2]
    await refused(store.get(identity(1)), error=CompletionNotFound)


async def test_a_page_opens_only_the_files_it_shows(store: CompletionStore, folder: Path) -> None:
    """Those that it does not show are not there any more."""
    await keep(store, *range(1, 400))
    await store.list(Query())
    for number in {*range(1, 400)} - {200}:
        os.unlink(path(folder, number))
    page = await store.list(Query(after=identity(199), limit=1))
    assert (numbers(page), page.has_more) == ([200], True)


async def test_a_hundred_writers_lose_nothing_while_the_first_list_is_made(
    store: CompletionStore, folder: Path
) -> None:
    await keep(store, *range(1, 51))

    async def change(number: int) -> None:
        await store.put(completion(number))
        await store.update(identity(number), {"n": f"{number}"})
        await store.delete(identity(number - 100))

    writers = [change(number) for number in range(101, 151)]
    lists = [everything(store) for _ in range(5)]
    await asyncio.gather(*lists[:2], *writers, *lists[2:])
    assert await everything(store) == list(range(101, 151))
    assert await everything(CompletionStore(folder)) == list(range(101, 151))
    for number in range(101, 151):
        assert numbers(await store.list(Query(metadata={"n": f"{number}"}))) == [number]


async def test_of_a_hundred_updates_one_is_the_last_everywhere(
    store: CompletionStore, folder: Path
) -> None:
    await keep(store, 1)
    await store.list(Query())
    await asyncio.gather(*(store.update(identity(1), {"n": f"{n}"}) for n in range(100)))
    kept = await store.get(identity(1))
    assert numbers(await store.list(Query(metadata=kept.metadata))) == [1]
    assert tree(folder) == [f"{identity(1)}.json"]


async def test_what_is_deleted_while_it_is_changed_stays_so(
    store: CompletionStore, folder: Path
) -> None:
    await store.list(Query())
    for number in range(1, 21):
        await keep(store, number)
        changes = [store.update(identity(number), {"n": f"{n}"}) for n in range(8)]
        deletion = store.delete(identity(number))
        await asyncio.gather(*changes[:4], deletion, *changes[4:], return_exceptions=True)
    assert tree(folder) == []
    assert await everything(store) == []


async def test_a_full_disk_at_any_step_leaves_nothing_or_all(tmp_path: Path) -> None:
    told: list[str] = []
    for step in range(1, 30):
        folder = tmp_path / str(step)
        disk = FailingDisk(step, errno.ENOSPC)
        done = True
        try:
            await CompletionStore(folder, disk=disk).put(completion())
        except StorageUnavailable as error:
            told.append(error.details["reason"])
            done = "done" in error.details
        assert await everything(CompletionStore(folder)) == [1] * done
        assert tree(folder) == [f"{identity(1)}.json"] * done
        if not disk.failed:
            break
    assert told == ["ENOSPC"] * (step - 1)
    assert step > 8


async def test_a_failed_update_leaves_the_old_or_the_new(folder: Path) -> None:
    await CompletionStore(folder).put(completion(n="0"))
    for step in range(1, 30):
        before = (await CompletionStore(folder).get(identity(1))).metadata
        disk = FailingDisk(step, errno.EIO)
        store = CompletionStore(folder, disk=disk)
        await store.list(Query())
        after = {"n": f"{step}"}
        try:
            await store.update(identity(1), after)
        except StorageUnavailable as error:
            after = after if "done" in error.details else dict(before)
        kept = await store.get(identity(1))
        assert kept.metadata == after
        assert numbers(await store.list(Query(metadata=after))) == [1]
        if not disk.failed:
            break
    assert step > 5
