"""The calls that wait for the answer of a person."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import msgspec

from gateway.core.errors import ConfirmationNotFound
from gateway.core.messages import ToolCall
from gateway.core.metrics import Asking

__all__ = ["Confirmation", "Confirmations"]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ToolCall).decode


class Confirmation:
    """A question about one call, which waits for one answer.

    What can be approved is the call as it was when the question was asked, kept as bytes: whatever
    happens to the objects it was made of, what runs is what was shown. `ending` is how it ended:
    without an answer, unless it was settled.
    """

    __slots__ = ("_answer", "_shown", "ending", "id", "tool")

    def __init__(self, call: ToolCall) -> None:
        self.id = f"conf_{os.urandom(16).hex()}"
        self.tool = call.name
        self.ending: Literal["approved", "denied", "timed_out", "left"] = "left"
        self._shown = _encode(call)
        self._answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    @property
    def call(self) -> ToolCall:
        """The call in question, made anew from its bytes each time."""
        return _decode(self._shown)

    async def approved(self) -> bool:
        """Wait for the answer."""
        return await self._answer

    def settle(self, approved: bool) -> bool:
        """Give the answer; whether it is the first, and there still is somebody who waits."""
        if self._answer.done():  # with an answer, or because whoever waited was cancelled
            return False
        self._answer.set_result(approved)
        self.ending = "approved" if approved else "denied"
        return True

    def expire(self) -> None:
        """It was open for too long."""
        if self.settle(False):
            self.ending = "timed_out"

    def withdraw(self) -> None:
        """Nobody can answer it any more."""
        if self.settle(False):
            self.ending = "left"


class Confirmations:
    """The questions that are open in this process.

    The id of one is a capability: it is given to the reader of the stream alone and told nowhere
    else, or a tool that can make HTTP requests could answer the question about itself. A question
    without an answer counts as denied after `timeout` seconds; with 0 it waits as long as its
    stream does.
    """

    def __init__(self, *, timeout: float = 0, counts: Asking | None = None) -> None:
        self._timeout = timeout
        self._counts = counts or Asking()
        self._open: dict[tuple[str, str], Confirmation] = {}
        self._closed = False

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    @contextmanager
    def asking(self, session_id: str, call: ToolCall) -> Iterator[Confirmation]:
        """A question that is open while this is entered, and to be answered in this session."""
        asked = Confirmation(call)
        place = session_id, asked.id
        limit = None
        if self._timeout:
            loop = asyncio.get_running_loop()
            limit = loop.call_later(self._timeout, asked.expire)
        self._open[place] = asked
        self._counts.open += 1
        if self._closed:
            asked.withdraw()
        try:
            yield asked
        finally:
            del self._open[place]
            self._counts.open -= 1
            self._counts.answered.add(asked.ending)
            if limit is not None:
                limit.cancel()

    def answer(self, session_id: str, confirmation_id: str, approved: bool) -> str:
        """Answer the question, once; the name of the tool it was about.

        `ConfirmationNotFound` if this session has no such question open, for whatever reason.
        """
        asked = self._open.get((session_id, confirmation_id))
        if asked is None or not asked.settle(approved):
            raise ConfirmationNotFound
        return asked.tool

    def close(self) -> None:
        """Deny what is open, and whatever is still asked: nobody can answer any more."""
        self._closed = True
        for asked in self._open.values():
            asked.withdraw()
