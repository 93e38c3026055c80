"""Sessions that chat completions join."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import aclosing, asynccontextmanager, suppress

from extensions.chat.reply import GrowingReply
from extensions.conversations.adding import Answered
from extensions.conversations.ids import bare
from extensions.conversations.service import Conversations, OpenConversation
from extensions.conversations.translation import items_from, messages_from
from gateway.core.errors import MochiError, SessionNotFound
from gateway.core.events import Batch
from gateway.core.messages import AssistantMessage, Message, text

__all__ = ["JoinedSession", "SessionHistory"]


class SessionHistory:
    """What was said in the sessions that these conversations are."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations

    @asynccontextmanager
    async def join(self, named: str) -> AsyncIterator["JoinedSession"]:
        """The session while its turn is held. It may be named by the id of its conversation."""
        session_id = bare(named)
        joining = self._conversations.joined(session_id, SessionNotFound(session_id))
        async with joining as conversation:
            yield JoinedSession(conversation)


class JoinedSession:
    """A session in its turn."""

    def __init__(self, conversation: OpenConversation) -> None:
        self._conversation = conversation

    def messages(self, answered: Collection[str]) -> Sequence[Message]:
        return messages_from(self._conversation.items, answered)

    async def kept(
        self, asked: Sequence[Message], model: str, batches: AsyncGenerator[Batch, None]
    ) -> AsyncGenerator[Batch, None]:
        reply = GrowingReply(thinking=True)
        try:
            async with aclosing(batches):
                async for batch in batches:
                    reply.take(batch)
                    if reply.ended is not None:
                        await self._keep(asked, model, reply)
                        self._conversation.replied = True
                    yield batch
        finally:
            # A part of an answer is its text; a call in it may not have been the last.
            if reply.ended is None and reply.text:
                reply.calls.clear()
                with suppress(MochiError):  # the session may be what is gone
                    await self._keep(asked, model, reply)

    async def _keep(self, asked: Sequence[Message], model: str, reply: GrowingReply) -> None:
        usage = reply.ended.usage if reply.ended else None
        said = AssistantMessage(text(reply.text), reply.thinking, tuple(reply.calls))
        await self._conversation.add(
            items_from(asked),
            items_from([said], whole=usage is not None),
            Answered(
                model=model,
                prompt_tokens=usage.prompt_tokens if usage else None,
                completion_tokens=usage.completion_tokens if usage else None,
            ),
        )
