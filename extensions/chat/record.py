"""The messages of an answer on their way into the session."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from extensions.chat.reply import GrowingReply
from extensions.sessions.changes import Change, HistoryCut, MessageAppended, WindowChanged
from extensions.sessions.service import OpenSession, Sessions
from extensions.sessions.session import (
    AssistantMessage,
    Call,
    Message,
    Session,
    ToolMessage,
    UserMessage,
    WindowConfig,
)

__all__ = ["Record", "unbroken"]

T = TypeVar("T")


class Record:
    """Writes what a turn brings into the session that it holds.

    `cut` is how many messages of the history stay, when the answer replaces what followed; that is
    gone with the first message of the new answer, and not before.
    """

    def __init__(self, opened: OpenSession, sessions: Sessions, cut: int | None = None) -> None:
        self._opened = opened
        self._clock = sessions.clock
        self._new_id = sessions.new_id
        self._cut = cut

    @property
    def session(self) -> Session:
        """As it is now."""
        return self._opened.session

    @property
    def history(self) -> Sequence[Message]:
        """What the model is to answer."""
        return self.session.messages[: self._cut]

    async def ask(self, text: str) -> None:
        """Keep what the person said."""
        asked = UserMessage(id=self._new_id(), timestamp=self._clock(), content=text)
        await self._commit(MessageAppended(asked))

    async def say(self, reply: GrowingReply, *, partial: bool = False) -> AssistantMessage:
        """Keep a reply of the model; without counts and calls if it is only part of one."""
        usage = None if partial or reply.ended is None else reply.ended.usage
        said = AssistantMessage(
            id=self._new_id(),
            timestamp=self._clock(),
            content=reply.text,
            model=self.session.model,
            eval_count=usage.completion_tokens if usage else None,
            prompt_eval_count=usage.prompt_tokens if usage else None,
            thinking=reply.thinking,
            calls=() if partial else tuple(Call(c.name, c.arguments) for c in reply.calls),
        )
        await self._append(said)
        return said

    async def answer_calls(self, results: Sequence[tuple[str, str]]) -> None:
        """Keep results of calls: the tool's name, and what the model is told."""
        await self._append(
            *(
                ToolMessage(
                    id=self._new_id(), timestamp=self._clock(), content=text, tool_name=name
                )
                for name, text in results
            )
        )

    async def resize(self, window: WindowConfig) -> None:
        """Keep a decision about the context window, if it is a new one."""
        if window != self.session.window:
            await self._commit(WindowChanged(window))

    async def _append(self, *messages: Message) -> None:
        cut = () if self._cut is None else (HistoryCut(self._cut),)
        await self._commit(*cut, *map(MessageAppended, messages))
        self._cut = None

    async def _commit(self, *changes: Change) -> None:
        # Cut short, it would leave open whether the message is there.
        await unbroken(self._opened.commit(*changes))


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Do the work to its end, even when the caller is cancelled; that takes effect afterwards."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # looked at, so that nobody reports it as forgotten
    raise cancelled
