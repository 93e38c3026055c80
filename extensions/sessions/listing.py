"""The list of the sessions in a folder, made anew from the files that have changed since."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from extensions.sessions.clock import instant
from extensions.sessions.files import revision_of
from extensions.sessions.ids import is_id
from extensions.sessions.session import SessionItem

__all__ = ["Entry", "Listing", "newest_first", "sessions_in"]

SUFFIX = ".json"


class Entry(Struct, frozen=True):
    """What a file of that revision holds; an `item` of `None` if that is no session."""

    revision: str
    item: SessionItem | None


class Listing:
    """What the files of a folder held when they were last looked at, by the ids they stand for."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def get(self, id: str) -> Entry | None:
        return self._entries.get(id)

    def put(self, id: str, entry: Entry) -> None:
        self._entries[id] = entry

    def drop(self, id: str) -> None:
        self._entries.pop(id, None)

    def items(
        self, found: Iterable[tuple[str, str]], look: Callable[[str], Entry | None]
    ) -> list[SessionItem]:
        """The sessions, newest first, of the ids and revisions that were `found`.

        It has to `look` only at the files that it does not know in that revision. All that was not
        found is forgotten.
        """
        entries: dict[str, Entry] = {}
        for id, revision in found:
            entry = self._entries.get(id)
            if entry is None or entry.revision != revision:
                entry = look(id)
            if entry is not None:
                entries[id] = entry
        items = [entry.item for entry in entries.values() if entry.item is not None]
        self._entries = entries  # from here on, other threads put into it
        return newest_first(items)


def sessions_in(folder: Path) -> Iterator[tuple[str, str]]:
    """The id and the revision of each file that could hold a session; none without a folder."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            id, suffix = os.path.splitext(entry.name)
            if suffix != SUFFIX or not is_id(id):
                continue
            try:
                status = os.lstat(entry.path)  # the entry's own has no inode on Windows
            except FileNotFoundError:
                continue
            if stat.S_ISREG(status.st_mode):
                yield id, revision_of(status)


def newest_first(items: Iterable[SessionItem]) -> list[SessionItem]:
    """By the instant of the last change, which different programs write with different zones."""
    return sorted(items, key=lambda item: (-seconds(item.updated_at), item.session_id))


def seconds(timestamp: str) -> float:
    """Since 1970. What is no timestamp is the oldest."""
    try:
        return instant(timestamp).timestamp()
    except (ValueError, OverflowError, OSError):
        return float("-inf")
