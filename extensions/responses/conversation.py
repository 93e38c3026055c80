"""What a response needs of the conversation that it is made in."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from gateway.dialects.openai.responses.items import Item
from gateway.dialects.openai.responses.wire import Response

__all__ = ["Conversation", "Conversations"]


class Conversation(Protocol):
    """A conversation in its turn: nobody else adds to it meanwhile, by whichever door."""

    @property
    def id(self) -> str:
        """As clients write it: `conv_…`."""
        ...

    @property
    def items(self) -> Sequence[Item]:
        """All that was said so far, each item with its id; history for the next answer."""
        ...

    async def append(self, input: Sequence[Item], response: Response) -> int:
        """Add what was asked and the output of the response; how many items there are then.

        To be called once, at the end. An item of the output that is not whole has the status
        `incomplete`, as a response that was cut short has; the model and the usage are those of
        the response. The items are on disk when this returns. `StorageUnavailable`.
        """
        ...


class Conversations(Protocol):
    """All conversations, by ids with their prefix `conv_`."""

    def open(self, id: str) -> AbstractAsyncContextManager[Conversation]:
        """The conversation while its turn is held, waited for as long as others have it.

        `ConversationNotFound` for an unknown one, also if it was deleted during the wait.
        """
        ...

    async def items(self, id: str) -> Sequence[Item]:
        """All that was said so far; `ConversationNotFound`. No turn is needed."""
        ...

    async def beginning(self, id: str, length: int) -> Sequence[Item]:
        """Its first so many items, for a response that follows one which was made when there were
        no more; `ConversationNotFound`. No turn is needed."""
        ...
