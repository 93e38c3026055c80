"""Where sessions are kept."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from extensions.sessions.changes import Change
from extensions.sessions.session import Session, SessionItem

__all__ = ["SessionStore"]


@runtime_checkable
class SessionStore(Protocol):
    """Keeps sessions by their ids.

    Ids that no session can have are unknown ids, never paths. Every method raises errors of
    `gateway.core.errors`: `SessionNotFound`, `SessionReadOnly`, `StorageUnavailable`. With
    `"done": true` in its details the last one is a doubt: the change is made and everybody sees it,
    but a loss of power may undo it.
    """

    async def create(self, session: Session) -> Session:
        """Keep a new session; on disk when this returns. `Conflict` if there is one of its id."""
        ...

    async def load(self, id: str, known: Session | None = None) -> Session:
        """The session as it is now; nothing is written.

        What the caller has `known` of it is not read again if it is still so.
        """
        ...

    async def list(self) -> Sequence[SessionItem]:
        """All that can be read, the newest `updated_at` first."""
        ...

    async def commit(self, session: Session, changes: Sequence[Change], at: str) -> Session:
        """Keep what `changes` make of `session`, as it was loaded; on disk when this returns.

        If another program has changed the session meanwhile, the changes are made to what that one
        wrote. Returns the session as it is now. One that was deleted meanwhile stays so.
        """
        ...

    async def check_deletable(self, id: str) -> None:
        """Raise what `delete` would, as far as it can be told before it is tried."""
        ...

    async def delete(self, id: str) -> None:
        """For good."""
        ...
