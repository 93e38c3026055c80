"""The messages of an answer on their way into the session."""

from collections.abc import Sequence
from typing import Protocol

from msgspec.structs import replace

from extensions.chat.reply import GrowingReply
from extensions.sessions.changes import HistoryCut, MessageAppended, WindowChanged
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
from extensions.sessions.threads import unbroken

__all__ = ["Ledger", "Record"]


class Ledger(Protocol):
    """Where a loop writes down what is said. Each call returns when that is safe."""

    async def say(self, reply: GrowingReply) -> AssistantMessage:
        """Write down a reply of the model."""
        ...

    async def break_off(self, reply: GrowingReply) -> None:
        """Write down what there is of a reply that has come to nothing, or leave it."""
        ...

    async def answer_calls(self, results: Sequence[tuple[str, str]]) -> None:
        """Write down results of calls: the tool's name, and what the model is told."""
        ...


class Record:
    """Writes what a turn brings into the session that it holds.

    `cut` is how many messages of the history stay, when the answer replaces what followed; that is
    gone with the first whole message of the new answer, and not before. What another program adds
    to it in between stays.
    """

    def __init__(self, opened: OpenSession, sessions: Sessions, cut: int | None = None) -> None:
        self._opened = opened
        self.clock = sessions.clock
        self._new_id = sessions.new_id
        self._cut = cut
        replaced = () if cut is None else opened.session.messages[cut:]
        self._replaced = tuple([message.id for message in replaced])

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
        asked = UserMessage(id=self._new_id(), timestamp=self.clock(), content=text)
        await self._append(asked)

    async def say(self, reply: GrowingReply) -> AssistantMessage:
        """Keep a reply of the model."""
        usage = reply.ended.usage if reply.ended else None
        said = replace(
            self._message(reply),
            eval_count=usage.completion_tokens if usage else None,
            prompt_eval_count=usage.prompt_tokens if usage else None,
            calls=tuple(Call(call.name, call.arguments) for call in reply.calls),
        )
        await self._append(said)
        return said

    async def break_off(self, reply: GrowingReply) -> None:
        """Keep what there is of a reply, without counts and calls; but not in the place of an
        answer that was to be replaced, which may be whole."""
        if reply.text and (self._cut is None or not self._replaced):
            await self._append(self._message(reply))

    def _message(self, reply: GrowingReply) -> AssistantMessage:
        return AssistantMessage(
            id=self._new_id(),
            timestamp=self.clock(),
            content=reply.text,
            model=self.session.model,
            thinking=reply.thinking,
        )

    async def answer_calls(self, results: Sequence[tuple[str, str]]) -> None:
        """Keep results of calls: the tool's name, and what the model is told."""
        await self._append(
            *(
                ToolMessage(id=self._new_id(), timestamp=self.clock(), content=text, tool_name=name)
                for name, text in results
            )
        )

    async def resize(self, window: WindowConfig) -> None:
        """Keep a decision about the context window, if it is a new one."""
        if window != self.session.window:
            await unbroken(self._opened.commit(WindowChanged(window)))

    async def _append(self, *messages: Message) -> None:
        # Cut short, it would leave open whether the messages are there.
        await unbroken(self._put(messages))

    async def _put(self, messages: Sequence[Message]) -> None:
        cut = () if self._cut is None else (HistoryCut(self._cut, self._replaced),)
        await self._opened.commit(*cut, *map(MessageAppended, messages))
        self._cut = None
