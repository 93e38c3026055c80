"""Sessions in memory: for tests, and for a gateway that is to leave nothing behind."""

from collections.abc import Sequence

from extensions.sessions.changes import Change, apply
from extensions.sessions.ids import is_id
from extensions.sessions.listing import newest_first
from extensions.sessions.session import Session, SessionItem
from gateway.core.errors import Conflict, SessionNotFound, SessionReadOnly

__all__ = ["MemorySessionStore"]


class MemorySessionStore:
    """A `SessionStore` that forgets everything when the program ends."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    async def create(self, session: Session) -> Session:
        if not is_id(session.id):
            raise SessionNotFound(session.id)
        if session.id in self._sessions:
            raise Conflict(f"A session '{session.id}' exists already.", session_id=session.id)
        self._sessions[session.id] = session
        return session

    async def load(self, id: str, known: Session | None = None) -> Session:
        try:
            return self._sessions[id]
        except KeyError:
            raise SessionNotFound(id) from None

    async def list(self) -> Sequence[SessionItem]:
        return newest_first(session.item() for session in self._sessions.values())

    async def commit(self, session: Session, changes: Sequence[Change], at: str) -> Session:
        changed = await self.load(session.id)
        if changed.read_only:
            raise SessionReadOnly(changed.id, changed.version)
        for change in changes:
            changed = apply(changed, change, at)
        self._sessions[session.id] = changed
        return changed

    async def check_deletable(self, id: str) -> None:
        await self.load(id)

    async def delete(self, id: str) -> None:
        await self.load(id)
        del self._sessions[id]
