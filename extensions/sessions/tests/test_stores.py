"""The contract of `SessionStore`, which every store keeps."""

from pathlib import Path

import pytest

from extensions.sessions.changes import (
    HistoryCut,
    MessageAppended,
    MessageEdited,
    MessagesReplaced,
    MetadataNoted,
    SettingsChanged,
    SystemPromptSet,
)
from extensions.sessions.json_store import JSONSessionStore
from extensions.sessions.memory_store import MemorySessionStore
from extensions.sessions.session import Session, SessionItem, SystemMessage, UserMessage
from extensions.sessions.store import SessionStore
from extensions.sessions.tests.samples import EARLY, LATER, LATEST, appended, session, texts
from gateway.core.errors import Conflict, InvalidMessageIndex, SessionNotFound

NO_IDS = [
    "", ".", "..", "../x", "a/b", "a\\b", "/etc/passwd", "a.json", "%2e%2e", "a b", "a\n", "a\0b",
    "ä", "\u212a", "CON", "nul", "Com1", "x" * 65, "~", "*",
]  # fmt: skip


def rest_of(session: Session, length: int) -> HistoryCut:
    """What leaves only so many of these messages."""
    return HistoryCut(length, tuple(message.id for message in session.messages[length:]))


@pytest.fixture(params=["json", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SessionStore:
    return JSONSessionStore(tmp_path / "s") if request.param == "json" else MemorySessionStore()


def test_a_store_is_one(store: SessionStore) -> None:
    assert isinstance(store, SessionStore)


async def test_what_was_created_can_be_loaded(store: SessionStore) -> None:
    created = await store.create(session("a", "Hello."))
    loaded = await store.load("a")
    assert loaded.item() == created.item() == session("a", "Hello.").item()
    assert loaded.messages == session("a", "Hello.").messages


async def test_create_takes_the_place_of_no_other_session(store: SessionStore) -> None:
    await store.create(session("a", "The first."))
    with pytest.raises(Conflict):
        await store.create(session("a", "The second."))
    assert texts(await store.load("a")) == ["The first."]


async def test_a_commit_is_there_for_the_next_who_loads(store: SessionStore) -> None:
    created = await store.create(session("a", "One."))
    changed = await store.commit(created, [appended("Two."), appended("Three.")], LATER)
    loaded = await store.load("a")
    assert texts(changed) == texts(loaded) == ["One.", "Two.", "Three."]
    assert changed.updated_at == loaded.updated_at == LATER


async def test_commits_follow_one_another_from_what_each_returns(store: SessionStore) -> None:
    open = await store.create(session("a"))
    for text in "abc":
        open = await store.commit(open, [appended(text)], LATER)
    open = await store.commit(open, [rest_of(open, 1), SettingsChanged(model="other:1b")], LATEST)
    loaded = await store.load("a")
    assert (texts(loaded), loaded.model, loaded.updated_at) == (["a"], "other:1b", LATEST)


async def test_a_commit_to_a_session_that_is_not_the_newest_loses_nothing(
    store: SessionStore,
) -> None:
    old = await store.create(session("a", "One."))
    await store.commit(old, [appended("Two.")], LATER)
    changed = await store.commit(old, [appended("Three.")], LATEST)
    assert texts(changed) == texts(await store.load("a")) == ["One.", "Two.", "Three."]


async def test_a_load_by_somebody_else_does_not_make_an_old_session_new(
    store: SessionStore,
) -> None:
    old = await store.create(session("a", "One."))
    await store.commit(await store.load("a"), [appended("Two.")], LATER)
    await store.load("a")
    await store.list()
    assert texts(await store.commit(old, [appended("Three.")], LATEST))[1:] == ["Two.", "Three."]


async def test_what_cannot_happen_changes_nothing(store: SessionStore) -> None:
    created = await store.create(session("a", "One."))
    wrong = MessageEdited(index=7, content="?", timestamp=LATER, dropped=())
    with pytest.raises(InvalidMessageIndex):
        await store.commit(created, [appended("Two."), wrong], LATER)
    loaded = await store.load("a")
    assert (texts(loaded), loaded.updated_at) == (["One."], EARLY)


async def test_only_what_was_known_is_dropped(store: SessionStore) -> None:
    known = await store.create(Session(id="a", model="m", created_at=EARLY, updated_at=EARLY))
    ours = [UserMessage(id=id, timestamp=EARLY, content=id) for id in "abc"]
    known = await store.commit(known, [MessageAppended(message) for message in ours], LATER)
    theirs = UserMessage(id="d", timestamp=EARLY, content="theirs")
    await store.commit(known, [MessageAppended(theirs)], LATER)
    changed = await store.commit(known, [rest_of(known, 2), appended("new")], LATEST)
    assert texts(changed) == ["a", "b", "theirs", "new"]
    edit = MessageEdited(index=0, content="A", timestamp=LATEST, dropped=("b", "c"))
    changed = await store.commit(known, [edit], LATEST)
    assert texts(changed) == ["A", "theirs", "new"]


async def test_another_prompt_keeps_what_others_noted_beside_the_old_one(
    store: SessionStore,
) -> None:
    known = await store.create(session("a", "One."))
    old = SystemMessage(id="s", timestamp=EARLY, content="Old.", extra={"pinned": True})
    new = SystemMessage(id="s", timestamp=LATER, content="New.")
    await store.commit(known, [SystemPromptSet(old)], LATER)
    changed = await store.commit(known, [SystemPromptSet(new)], LATER)
    assert (texts(changed), changed.messages[0].extra) == (["New.", "One."], {"pinned": True})


async def test_what_was_deleted_stays_so(store: SessionStore) -> None:
    created = await store.create(session("a", "One."))
    await store.delete("a")
    with pytest.raises(SessionNotFound):
        await store.load("a")
    with pytest.raises(SessionNotFound):
        await store.commit(created, [appended("Two.")], LATER)
    with pytest.raises(SessionNotFound):
        await store.delete("a")
    assert list(await store.list()) == []


async def test_an_id_is_free_again_after_its_session(store: SessionStore) -> None:
    old = await store.create(session("a", "The first."))
    await store.delete("a")
    await store.create(session("a", "The second."))
    changed = await store.commit(old, [appended("More.")], LATER)
    assert texts(changed) == ["The second.", "More."]


@pytest.mark.parametrize("id", NO_IDS)
async def test_what_is_no_id_is_an_unknown_one(store: SessionStore, id: str) -> None:
    with pytest.raises(SessionNotFound):
        await store.load(id)
    with pytest.raises(SessionNotFound):
        await store.create(session(id))
    with pytest.raises(SessionNotFound):
        await store.commit(session(id), [appended("One.")], LATER)
    with pytest.raises(SessionNotFound):
        await store.delete(id)
    assert list(await store.list()) == []


@pytest.mark.parametrize("id", ["0f1e2d3c4b", "-", "_", "My-Chat_7", "console", "x" * 64])
async def test_other_programs_may_have_other_ids(store: SessionStore, id: str) -> None:
    await store.create(session(id, "One."))
    assert texts(await store.load(id)) == ["One."]
    assert [item.session_id for item in await store.list()] == [id]


async def test_nothing_is_a_list_too(store: SessionStore) -> None:
    assert list(await store.list()) == []


async def test_the_list_shows_what_is_there_now(store: SessionStore) -> None:
    first = await store.create(session("a", "Mine."))
    await store.create(session("b", "Yours."))
    assert [item.preview for item in await store.list()] == ["Mine.", "Yours."]
    await store.commit(first, [rest_of(first, 0), appended("Ours.")], LATER)
    await store.delete("b")
    [item] = await store.list()
    assert item == SessionItem(
        session_id="a",
        model="plain:1b",
        created_at=EARLY,
        updated_at=LATER,
        message_count=1,
        summary=None,
        preview="Ours.",
    )


async def test_the_list_is_sorted_by_instant_whatever_the_zone(store: SessionStore) -> None:
    times = {
        "older": "2026-03-04T00:00:00+14:00",
        "old": "2026-03-04T00:00:00Z",
        "new": "2026-03-04T00:00:00.000001Z",
        "newer": "2026-03-04T05:00:00-12:00",
        "newest": "2026-03-09T00:00:00.000000",
    }
    for id, at in sorted(times.items()):
        await store.create(session(id, at=at))
    assert [item.session_id for item in await store.list()] == list(reversed(times))


async def test_messages_are_replaced_where_they_stand(store: SessionStore) -> None:
    known = await store.create(Session(id="a", model="m", created_at=EARLY, updated_at=EARLY))
    ours = [UserMessage(id=id, timestamp=EARLY, content=id) for id in "abcd"]
    known = await store.commit(known, [MessageAppended(message) for message in ours], LATER)
    instead = UserMessage(id="x", timestamp=EARLY, content="x")
    change = MessagesReplaced(("b", "c"), (instead,))
    assert texts(await store.commit(known, [change], LATER)) == ["a", "x", "d"]
    gone = MessagesReplaced(("a",), ())
    assert texts(await store.commit(known, [change, gone], LATEST)) == ["x", "d"]


async def test_the_metadata_have_room_for_notes(store: SessionStore) -> None:
    known = await store.create(session("a", "One."))
    await store.commit(known, [MetadataNoted("key", {"a": 1})], LATER)
    await store.commit(await store.load("a"), [MetadataNoted("other", 2)], LATER)
    assert (await store.load("a")).kept.metadata == {"key": {"a": 1}, "other": 2}
