"""Chat completions that are kept when they have come to their end, because of `store`."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol, TypeVar

import msgspec
from msgspec import Raw, Struct

from gateway.core.events import Batch
from gateway.core.replies import collect
from gateway.dialects.openai.chat import wire
from gateway.dialects.openai.chat.writing import Answer, write

__all__ = ["Completed", "Keeper", "Keeping"]

T = TypeVar("T")


class Completed(Struct, frozen=True, kw_only=True):
    """A chat completion at its end: the messages of the request as they came, and the object."""

    id: str
    created: int
    model: str
    metadata: Mapping[str, str]
    messages: tuple[Raw, ...]
    completion: Raw


class Keeper(Protocol):
    """Whoever keeps chat completions."""

    async def keep(self, completed: Completed) -> None:
        """Keep it. When this returns it is found under its id."""
        ...


class Sent(Struct):
    """Of a request, what is kept."""

    messages: tuple[Raw, ...]


SENT = msgspec.json.Decoder(Sent)


class Keeping:
    """The completion that a request asks to be kept.

    It is kept before the client is told of its end, so that whoever has seen the end finds it. What
    broke off, or lost its client, leaves nothing.
    """

    def __init__(
        self, keeper: Keeper, body: bytes, asked: wire.ChatCompletionRequest, answer: Answer
    ) -> None:
        self._keeper = keeper
        self._body = body
        self._metadata = asked.metadata or {}
        self._answer = answer
        self._heard: list[list[Batch]] = []

    async def keep(self, completion: bytes) -> bytes:
        """The object with its metadata, once it is kept."""
        fields = msgspec.json.decode(completion, type=dict[str, Raw])
        fields["metadata"] = Raw(msgspec.json.encode(self._metadata))
        whole = msgspec.json.encode(fields)
        await self._keeper.keep(
            Completed(
                id=self._answer.id,
                created=self._answer.created,
                model=self._answer.model,
                metadata=self._metadata,
                messages=SENT.decode(self._body).messages,
                completion=Raw(whole),
            )
        )
        return whole

    def overheard(
        self, choices: Sequence[AsyncGenerator[Batch, None]]
    ) -> list[AsyncGenerator[Batch, None]]:
        """The same streams, and what they say is remembered."""
        self._heard = [[] for _ in choices]
        return [
            overheard(choice, heard) for choice, heard in zip(choices, self._heard, strict=True)
        ]

    async def at_the_end(self, batches: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
        """The same stream; what was overheard is kept before it ends."""
        async with aclosing(batches):
            async for batch in batches:
                yield batch
        replies = [await collect(again(heard)) for heard in self._heard]
        await self.keep(write(replies, self._answer))


async def overheard(
    batches: AsyncGenerator[Batch, None], heard: list[Batch]
) -> AsyncGenerator[Batch, None]:
    async with aclosing(batches):
        async for batch in batches:
            heard.append(batch)
            yield batch


async def again(heard: Sequence[Batch]) -> AsyncGenerator[Batch, None]:
    for batch in heard:
        yield batch
