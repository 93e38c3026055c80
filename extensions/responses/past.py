"""What was said before a request, wherever that is kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager

import msgspec
from msgspec import Struct

from extensions.responses.conversation import Conversation, Conversations
from extensions.responses.ids import owner_of
from extensions.responses.record import ConversationPoint, Record
from extensions.responses.store import ResponseStore
from gateway.core.errors import (
    ConversationCut,
    ConversationNotFound,
    InvalidRequest,
    LostConversation,
    ResponseNotFound,
    Unsupported,
)
from gateway.dialects.openai.responses.input import Placed, references, resolved
from gateway.dialects.openai.responses.items import Item
from gateway.dialects.openai.responses.repeating import distinct, without_repetitions
from gateway.dialects.openai.responses.wire import ResponseRequest

__all__ = ["NOTHING", "Archive", "Past", "named_conversation"]

ITEM: msgspec.json.Decoder[Item] = msgspec.json.Decoder(Item)


class Past(Struct, frozen=True):
    """The items before a request, and the conversation, in its turn, that they are all in."""

    items: Sequence[Item] = ()
    conversation: Conversation | None = None


NOTHING = Past()


class Archive:
    """The kept responses, and the conversations where there are some.

    `recalled` is what was said up to responses that are not kept, by their ids.
    """

    def __init__(
        self,
        store: ResponseStore,
        conversations: Conversations | None,
        recalled: Mapping[str, Sequence[Item]] = {},
    ) -> None:
        self.store = store
        self._conversations = conversations
        self._recalled = recalled

    def recalling(self, recalled: Mapping[str, Sequence[Item]]) -> "Archive":
        """The same with more in memory."""
        return Archive(self.store, self._conversations, recalled)

    async def open(self, request: ResponseRequest, held: AsyncExitStack) -> Past:
        """The past of a request.

        Until `held` is closed, nobody else adds to its conversation, and nothing of its chain is
        removed for its age.
        """
        if id := named_conversation(request):
            opening = self._known().open(id)
            with named():
                conversation = await held.enter_async_context(opening)
            return Past(conversation.items, conversation)
        if previous := request.previous_response_id:
            if (said := self._recalled.get(previous)) is not None:
                return Past(said)
            return Past(await self._chain(previous, held))
        return NOTHING

    async def glance(self, request: ResponseRequest, held: AsyncExitStack) -> Past:
        """The same without a turn: what is said in the conversation meanwhile is not in it."""
        if id := named_conversation(request):
            with named():
                return Past(await self._known().items(id))
        return await self.open(request, held)

    async def settled(self, own: tuple[Placed, ...], past: Past) -> tuple[Placed, ...]:
        """The items of a question with nothing left to look up, and nothing that is known already.

        `InvalidRequest` for what is not there, is there as something else, or is there twice.
        """
        found = await self.found(references(own))
        settled = without_repetitions(resolved(own, past.items, found), past.items)
        distinct(settled, past.items)
        return settled

    async def found(self, references: Iterable[str]) -> dict[str, Item]:
        """The kept items of these ids, as far as there are any."""
        found: dict[str, Item] = {}
        for id in references:
            if id in found or (owner := owner_of(id)) is None:
                continue
            try:
                record = await self.store.get(owner)
            except ResponseNotFound:
                continue
            found |= {str(item.id): item for item in items_of(record)}
        return found

    async def _chain(self, id: str, held: AsyncExitStack) -> Sequence[Item]:
        records = await self.store.chain(id)
        held.enter_context(self.store.holding(records))
        items: list[Item] = []
        for record in records:
            if not record.ended:
                raise InvalidRequest(
                    f"The response '{record.id}' has not ended yet.", param="previous_response_id"
                )
            if record.conversation is None:
                items += items_of(record)
            else:
                items += await self._beginning(record.id, record.conversation)
        return items

    async def _beginning(self, id: str, point: ConversationPoint) -> Sequence[Item]:
        """The conversation with what the response of this id, which stands for it, has added."""
        try:
            return await self._known().beginning(point.id, point.length)
        except ConversationNotFound:
            raise LostConversation(id, point.id, deleted=True) from None
        except ConversationCut:
            raise LostConversation(id, point.id, deleted=False) from None

    def _known(self) -> Conversations:
        if self._conversations is None:
            raise Unsupported("There are no conversations here.", param="conversation")
        return self._conversations


def named_conversation(request: ResponseRequest) -> str | None:
    named = request.conversation
    return named if named is None or isinstance(named, str) else named.id


@contextmanager
def named() -> Iterator[None]:
    """An unknown conversation is the fault of the field that has it."""
    try:
        yield
    except ConversationNotFound as error:
        error.param = "conversation"
        raise


def items_of(record: Record) -> list[Item]:
    """Its own items, those of its input first."""
    return [ITEM.decode(raw) for part in (record.input, record.output) for raw in part]
