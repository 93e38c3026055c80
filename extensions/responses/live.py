"""The events of one response, for all who watch it while it runs."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

from gateway.core.errors import InvalidRequest
from gateway.dialects.openai.responses.replaying import after

__all__ = ["Live"]

SIZE = 8 * 1024 * 1024


class Live:
    """The stream of a response as it grows; of a long one the beginning is forgotten.

    `size` is how many bytes of it are remembered at least as long as it runs.
    """

    def __init__(self, size: int = SIZE) -> None:
        self.size = 0
        self.ended = False
        self._most = size
        self._pieces: deque[bytes] = deque()
        self._forgotten = 0
        self._first = 0
        """The number of the first event that is still there."""
        self._numbers: deque[int] = deque()
        self._moved = asyncio.Event()

    def add(self, frames: bytes, first: int) -> None:
        """More frames, of which the first has this number."""
        if not frames:
            return
        self._pieces.append(frames)
        self._numbers.append(first)
        self.size += len(frames)
        while self.size > self._most and len(self._pieces) > 1:
            self.size -= len(self._pieces.popleft())
            self._numbers.popleft()
            self._forgotten += 1
        self._move()

    def end(self) -> None:
        """There will be no more."""
        self.ended = True
        self._move()

    async def frames(self, number: int = -1) -> AsyncGenerator[bytes, None]:
        """The frames behind the event of this number, as they come, to the end.

        `InvalidRequest` if some of them are forgotten, also for who reads too slowly.
        """
        at = self._place(number)
        while True:
            if at < self._forgotten:
                raise InvalidRequest(
                    "The events that would be next are not kept any more.",
                    param="starting_after",
                    reason="invalid_value",
                )
            moved = self._moved
            if at < self._forgotten + len(self._pieces):
                piece = self._pieces[at - self._forgotten]
                first = self._numbers[at - self._forgotten]
                at += 1
                if rest := piece if first > number else after(piece, number):
                    yield rest
            elif self.ended:
                return
            else:
                await moved.wait()

    def _place(self, number: int) -> int:
        """Where the first piece stands that has an event behind this one."""
        if self._forgotten and (not self._numbers or number + 1 < self._numbers[0]):
            return -1
        ahead = sum(first <= number + 1 for first in self._numbers)
        return self._forgotten + max(ahead - 1, 0)

    def _move(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
