"""Sessions as files of JSON in a folder, which mochi-coco may read and write at the same time."""

import asyncio
import errno
import logging
import os
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from extensions.sessions import files, records
from extensions.sessions.changes import Change, apply
from extensions.sessions.clock import local_time
from extensions.sessions.files import Disk, NotRegular, OverLimit, WrittenMeanwhile
from extensions.sessions.ids import is_id
from extensions.sessions.listing import Entry, Listing, sessions_in
from extensions.sessions.session import Session, SessionItem
from extensions.sessions.storing import stored
from gateway.core.errors import Conflict, SessionNotFound, SessionReadOnly, StorageUnavailable

__all__ = ["JSONSessionStore"]

log = logging.getLogger("mochi.sessions")

LARGEST = 64 * 1024 * 1024
"""Bytes of a file. A larger one is none that a person talked into, and reading it hurts all."""

HALF_WRITTEN = 0.3
"""Seconds after its last change in which a damaged file may be one that is just being written."""

LOOKS, LOOK_AGAIN = 15, 0.02


class Found(Struct, frozen=True):
    """What a file held; `session` is `None` if it could not be read, `why` says the reason."""

    revision: str
    modified: float
    session: Session | None
    why: str = ""


class JSONSessionStore:
    """A `SessionStore` with a file `ID.json` for each session.

    A file is replaced whole and is on disk before anybody is told. It is only read again when it is
    not the one that the caller's session came from. What cannot be read as a session is none: it
    is left alone, whatever is asked.
    """

    def __init__(self, folder: Path, *, disk: Disk | None = None, largest: int = LARGEST) -> None:
        self._folder = folder
        self._largest = largest
        self._disk = disk or Disk()
        self._listing = Listing()
        self._listed_by_one = asyncio.Lock()
        self._swept = False

    async def create(self, session: Session) -> Session:
        return await stored(partial(self._create, session), "sessions")

    async def load(self, id: str, known: Session | None = None) -> Session:
        read = partial(self._load, id) if known is None else partial(self._current, known)
        return await stored(read, "sessions")

    async def list(self) -> Sequence[SessionItem]:
        # The first list reads every file: those who ask meanwhile are to wait outside the threads.
        async with self._listed_by_one:
            return await stored(self._list, "sessions")

    async def commit(self, session: Session, changes: Sequence[Change], at: str) -> Session:
        return await stored(partial(self._commit, session, changes, at), "sessions")

    async def check_deletable(self, id: str) -> None:
        await stored(partial(self._check_deletable, id), "sessions")

    async def delete(self, id: str) -> None:
        await stored(partial(self._delete, id), "sessions")

    def _create(self, session: Session) -> Session:
        try:
            return self._keep(replace(session, revision=""))
        except WrittenMeanwhile:
            raise Conflict(
                f"A session '{session.id}' exists already.", session_id=session.id
            ) from None

    def _load(self, id: str) -> Session:
        found = self._read(id)
        for _ in range(LOOKS):
            if found.session is not None or not just_written(found):
                break
            time.sleep(LOOK_AGAIN)
            found = self._read(id)
        self._remember(id, found)
        if found.session is None:
            raise SessionNotFound(id)
        return found.session

    def _list(self) -> Sequence[SessionItem]:
        files.remove_litter(self._folder)
        return self._listing.items(sessions_in(self._folder), self._look)

    def _commit(self, session: Session, changes: Sequence[Change], at: str) -> Session:
        for _ in range(files.ATTEMPTS):
            changed = self._current(session)
            if changed.read_only:
                raise SessionReadOnly(changed.id, changed.version)
            for change in changes:
                changed = apply(changed, change, at)
            try:
                return self._keep(changed)
            except WrittenMeanwhile:
                continue
        raise StorageUnavailable(f"Another program keeps writing the session '{session.id}'.")

    def _check_deletable(self, id: str) -> None:
        self._load(id)
        if not self._disk.may_change(self._folder):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def _delete(self, id: str) -> None:
        self._load(id)
        try:
            files.remove(self._path(id), self._disk)
        except FileNotFoundError:
            raise SessionNotFound(id) from None
        finally:
            self._listing.drop(id)

    def _path(self, id: str) -> Path:
        if not is_id(id):
            raise SessionNotFound(id)
        return self._folder / f"{id}.json"

    def _current(self, session: Session) -> Session:
        """The session itself, or what the file has if that is another one by now."""
        now = files.revision_at(self._path(session.id))
        return session if now and now == session.revision else self._load(session.id)

    def _keep(self, session: Session) -> Session:
        """Put the session in the place of the file that it came from."""
        path, data = self._path(session.id), records.write(session)
        if len(data) > self._largest:
            raise StorageUnavailable(
                f"The session '{session.id}' would be larger than {self._largest} bytes.",
                reason="EFBIG",
            )
        if not self._swept:
            files.remove_litter(self._folder)
            self._swept = True
        status = files.replace(path, data, expected=session.revision, disk=self._disk)
        kept = replace(session, revision=files.revision_of(status))
        self._listing.put(kept.id, Entry(kept.revision, kept.item()))
        return kept

    def _read(self, id: str) -> Found:
        try:
            data, status = files.read(self._path(id), self._largest)
        except (FileNotFoundError, NotRegular):
            raise SessionNotFound(id) from None
        except OverLimit as error:
            status = error.status
            return Found(files.revision_of(status), status.st_mtime, None, str(error))
        revision, modified = files.revision_of(status), status.st_mtime
        try:
            session = records.read(data, id=id, modified=written_at(modified))
        except records.Unreadable as error:
            return Found(revision, modified, None, str(error))
        return Found(revision, modified, replace(session, revision=revision))

    def _look(self, id: str) -> Entry | None:
        """What a list shows of the file; `None` if it is gone meanwhile."""
        try:
            found = self._read(id)
        except SessionNotFound:
            return None
        except OSError as error:
            # Of no revision, so that it is tried again: a permission changes without a trace.
            found = Found("", 0, None, str(error))
        return self._remember(id, found)

    def _remember(self, id: str, found: Found) -> Entry:
        known = self._listing.get(id)
        if known is not None and known.revision == found.revision:
            return known
        if found.session is None:
            log.warning("The file of the session %s cannot be read: %s", id, found.why)
        entry = Entry(found.revision, found.session.item() if found.session else None)
        self._listing.put(id, entry)
        return entry


def just_written(found: Found) -> bool:
    return 0 <= time.time() - found.modified < HALF_WRITTEN


def written_at(modified: float) -> str:
    """As a timestamp of sessions. A file can claim to be of a year that no calendar has."""
    try:
        return local_time(datetime.fromtimestamp(modified))
    except (ValueError, OverflowError, OSError):
        return local_time(datetime.fromtimestamp(0))
