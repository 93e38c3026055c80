"""A session that somebody talks in from another door than `/api/v1`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from extensions.sessions.service import OpenSession, Sessions
from gateway.core.errors import NotFound, SessionReadOnly

__all__ = ["held"]


@asynccontextmanager
async def held(sessions: Sessions, id: str, gone: NotFound) -> AsyncIterator[OpenSession]:
    """The session in its turn; `SessionNotFound` if there is none.

    If it is deleted meanwhile, what is done inside is cancelled, and `gone` is raised.
    """
    task = asyncio.current_task()
    assert task is not None
    cancel = task.cancel

    def end() -> None:
        cancel(gone)

    try:
        with sessions.streaming(id, end):
            async with sessions.turn(id) as opened:
                if opened.session.read_only:
                    raise SessionReadOnly(id, opened.session.version)
                yield opened
    except asyncio.CancelledError as cancelled:
        if gone not in cancelled.args:
            raise
        task.uncancel()
        raise gone from None
