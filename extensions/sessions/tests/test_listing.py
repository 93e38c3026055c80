"""Which files a list looks at."""

from extensions.sessions.listing import Entry, Listing, newest_first
from extensions.sessions.session import Session
from extensions.sessions.tests.samples import EARLY, LATER, LATEST, session


class Files:
    """Files that each hold a session, by id; `looked_at` since it was last asked."""

    def __init__(self, **revisions: str) -> None:
        self.revisions = revisions
        self._looked_at: list[str] = []

    def look(self, id: str) -> Entry | None:
        self._looked_at.append(id)
        return Entry(self.revisions[id], None if id == "bad" else session(id).item())

    def looked_at(self) -> list[str]:
        seen, self._looked_at = self._looked_at, []
        return seen


def ids(listing: Listing, files: Files) -> list[str]:
    return [item.session_id for item in listing.items(files.revisions.items(), files.look)]


def test_a_list_looks_only_at_what_has_changed() -> None:
    listing, files = Listing(), Files(a="1", b="1", bad="1")
    assert (ids(listing, files), files.looked_at()) == (["a", "b"], ["a", "b", "bad"])
    assert (ids(listing, files), files.looked_at()) == (["a", "b"], [])
    files.revisions["b"] = files.revisions["bad"] = "2"
    assert (ids(listing, files), files.looked_at()) == (["a", "b"], ["b", "bad"])


def test_a_list_forgets_what_is_gone() -> None:
    listing, files = Listing(), Files(a="1", b="1")
    ids(listing, files)
    del files.revisions["a"]
    assert ids(listing, files) == ["b"]
    assert listing.get("a") is None


def test_what_was_written_need_not_be_looked_at() -> None:
    listing, files = Listing(), Files(a="1")
    listing.put("a", Entry("1", session("a").item()))
    assert (ids(listing, files), files.looked_at()) == (["a"], [])


def test_what_has_no_time_is_the_oldest() -> None:
    def at(id: str, time: str) -> Session:
        return session(id, at=time)

    sessions = [at("a", "never"), at("b", EARLY), at("c", LATEST), at("d", LATER), at("e", "")]
    listed = newest_first(each.item() for each in sessions)
    assert [item.session_id for item in listed] == ["c", "d", "b", "a", "e"]
