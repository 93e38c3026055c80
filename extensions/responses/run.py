"""A response in the making."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Final

from msgspec.structs import replace

from extensions.responses.conversation import Conversation
from extensions.responses.keeping import record_of
from extensions.responses.past import NOTHING, Archive, named_conversation
from extensions.responses.question import Question, chat_request, fitting
from extensions.responses.record import ConversationPoint
from extensions.sessions.threads import unbroken
from gateway.core.backend import Backend
from gateway.core.clock import unix_now
from gateway.core.errors import (
    BackendFailed,
    ConversationDeleted,
    ConversationNotFound,
    MochiError,
    Overloaded,
    ResponseNotFound,
    SessionNotFound,
)
from gateway.core.events import Batch, ChatEvent, Finished
from gateway.core.metrics import Responding
from gateway.dialects.openai.responses import items
from gateway.dialects.openai.responses.failing import blamed
from gateway.dialects.openai.responses.input import kept
from gateway.dialects.openai.responses.items import Item
from gateway.dialects.openai.responses.streaming import EventWriter
from gateway.dialects.openai.responses.wire import Response
from gateway.dialects.openai.responses.writing import write
from gateway.http.leaving import LEFT
from gateway.http.streams import GOING_DOWN, reason_of

__all__ = ["CANCELLED", "Run"]

CANCELLED: Final = "The response was cancelled."
"""What the cancellation of a task says, when a caller wants the response ended."""


class Run:
    """The way from a question to its answer: `whole`, or as `frames`. To be gone once.

    What is to be kept is kept before the end is told.
    """

    def __init__(
        self,
        question: Question,
        backend: Backend,
        archive: Archive,
        counts: Responding | None = None,
    ) -> None:
        self._counts = counts or Responding()
        self.question = question
        self.writer = EventWriter(question.answer, ids=question.ids)
        self.begun = False
        """Whether the client knows of this response, so that also its failure is to be kept."""
        self.last = b""
        """The end of the stream, once all before it was told."""
        self._backend = backend
        self._archive = archive
        self._own = question.own
        self._past = NOTHING
        self._length: int | None = None
        self._kept = False

    @property
    def said(self) -> list[Item]:
        """All that was said up to its end."""
        return [*self._past.items, *kept(self._own), *self.writer.response.output]

    async def whole(self) -> Response:
        """The response. What fails is not kept, because nobody learns of it; but what was said in a
        conversation stays there."""
        events: list[ChatEvent] = []
        async with AsyncExitStack() as held:
            async with aclosing(await self._answer(held)) as batches:
                try:
                    async for batch in batches:
                        events += batch
                    if not (events and isinstance(events[-1], Finished)):
                        raise BackendFailed("The answer broke off before its end.")
                except (MochiError, asyncio.CancelledError) as error:
                    await self._leave_behind(events, error)
                    raise
            question = self.question
            response = write(events, question.answer, completed=unix_now(), ids=question.ids)
            await self._keep(response)
            return response

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """The stream but for its `last` frames.

        An error before the first frame leaves nothing behind. After it the error is raised, too,
        but `last` tells of it, and what there was of the answer is kept.
        """
        writer = self.writer
        async with AsyncExitStack() as held:
            try:
                async with aclosing(await self._answer(held)) as batches:
                    async for batch in batches:
                        frames = writer.frames(batch)
                        self.begun = True
                        yield frames
                if writer.response.status not in ("completed", "incomplete"):
                    raise BackendFailed("The answer broke off before its end.")
                await self._keep(writer.response)
                self.last = writer.end()
            except (Exception, asyncio.CancelledError, GeneratorExit) as error:
                if isinstance(error, MochiError):
                    blamed(error)
                if self.begun:
                    await self._break_off(error)
                raise

    async def _answer(self, held: AsyncExitStack) -> AsyncGenerator[Batch, None]:
        """The model's answer, to as much as was said before as is asked for."""
        question, archive = self.question, self._archive
        self._past = past = await archive.open(question.asked, held)
        if past.conversation is not None:
            question.notes.session = past.conversation.id
        self._own = await archive.settled(self._own, past)
        if question.asked.truncation == "auto":
            return fitting(question, self._own, past, self._backend)
        request = await chat_request(question, self._own, past, self._backend)
        return self._backend.chat(request)

    async def _break_off(self, error: BaseException) -> None:
        """Keep what there is, if need be without its conversation, which may be what is gone."""
        if self._kept:  # what was cancelled had come to its end
            self.last = self.writer.end()
            return
        self.last = self._ended_by(error)
        with suppress(MochiError):
            await self._keep(self.writer.response)
            return
        self._past = NOTHING
        with suppress(MochiError):  # a full disk, of which the log tells
            await self._keep(self.writer.response)

    async def _leave_behind(self, events: list[ChatEvent], error: BaseException) -> None:
        """Add to the conversation what was asked, and what there is of the answer, if anything."""
        conversation = self._past.conversation
        if conversation is None or not events:
            return
        with suppress(
            MochiError
        ):  # the conversation, or what was asked for, may be what is not there
            self.writer.frames(events)
        self._ended_by(error)
        with suppress(MochiError):  # it may be what is gone
            await unbroken(self._append(conversation, self.writer.response))

    def _ended_by(self, error: BaseException) -> bytes:
        if isinstance(error, Exception):
            return self.writer.failure(self._explained(error))
        if not isinstance(error, asyncio.CancelledError) or error.args in ((LEFT,), (CANCELLED,)):
            return self.writer.cancel()
        reason = reason_of(error) or Overloaded(GOING_DOWN)
        return self.writer.failure(self._explained(reason))

    def _explained(self, error: Exception) -> Exception:
        """What has begun knew its conversation, so that is not unknown but gone."""
        if not isinstance(error, ConversationNotFound | SessionNotFound):
            return error
        return ConversationDeleted(named_conversation(self.question.asked) or "")

    async def _keep(self, response: Response) -> None:
        """Add the answer to its conversation, and keep the record of it.

        To the end, whoever leaves meanwhile: what is half done would be done again.
        """
        if self.question.stored or self._past.conversation is not None:
            await unbroken(self._kept_all(response))

    async def _kept_all(self, response: Response) -> None:
        question, conversation = self.question, self._past.conversation
        own = kept(self._own)
        point = None
        if conversation is not None:
            if self._length is None:
                self._length = await self._append(conversation, response)
            point = ConversationPoint(conversation.id, self._length)
        if question.stored:
            with suppress(ResponseNotFound):  # deleted while it ran
                await self._archive.store.keep(record_of(question, own, response, point))
                self._counts.stored += 1
        self._kept = True

    async def _append(self, conversation: Conversation, response: Response) -> int:
        """Whole calls of an answer that broke off stay out: no client knows that they were all, and
        a conversation waits for the result of each."""
        if response.status in ("failed", "cancelled"):
            output = [item for item in response.output if not isinstance(item, items.Call)]
            response = replace(response, output=output)
        return await conversation.append(kept(self._own), response)
