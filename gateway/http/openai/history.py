"""Chat completions that belong to a session: what was said in it goes first, what is said is kept.

A client names the session in the header `x-mochi-session` or in `metadata.session_id`.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec.structs import replace

from gateway.core.events import Batch
from gateway.core.messages import Message
from gateway.dialects.openai.chat import wire

__all__ = [
    "SESSION",
    "History",
    "JoinedSession",
    "answered_calls",
    "session_named",
    "without_session",
]

SESSION, MEMBER = b"x-mochi-session", "session_id"


class JoinedSession(Protocol):
    """A session in its turn: nobody else adds to it meanwhile, by whichever door."""

    def messages(self, answered: Collection[str]) -> Sequence[Message]:
        """All that was said so far. Calls at the end whose ids are `answered` are left without
        results, which the caller brings; any other call has one."""
        ...

    def kept(
        self, asked: Sequence[Message], model: str, batches: AsyncGenerator[Batch, None]
    ) -> AsyncGenerator[Batch, None]:
        """The same answer, of this model. It is on disk with what was `asked` before it ends; so
        is a part of one that breaks off or is closed, unless nothing was said."""
        ...


class History(Protocol):
    """The sessions, for those who join one."""

    def join(self, named: str) -> AbstractAsyncContextManager[JoinedSession]:
        """The session of this id while its turn is held; `SessionNotFound`, also if it is deleted
        meanwhile. The id of a conversation is that of its session."""
        ...


def session_named(headers: Mapping[bytes, bytes], asked: wire.ChatCompletionRequest) -> str | None:
    """The session that a request is to join; the header wins."""
    named = headers.get(SESSION)
    if named is not None:
        return named.decode("latin-1")
    return None if asked.metadata is None else asked.metadata.get(MEMBER)


def answered_calls(asked: wire.ChatCompletionRequest) -> set[str]:
    """The ids of all calls of which the request has results."""
    return {message.tool_call_id for message in asked.messages if message.tool_call_id}


def without_session(asked: wire.ChatCompletionRequest) -> wire.ChatCompletionRequest:
    """The request with other metadata alone."""
    if not asked.metadata or MEMBER not in asked.metadata:
        return asked
    others = {name: value for name, value in asked.metadata.items() if name != MEMBER}
    return replace(asked, metadata=others or None)
