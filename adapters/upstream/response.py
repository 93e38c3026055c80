"""What a caller holds: a head that is there and a body that is arriving."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from adapters.upstream.connection import Connection
from adapters.upstream.errors import ConnectionBroken, LimitExceeded, UpstreamError

__all__ = ["UpstreamResponse"]


class UpstreamResponse:
    """The answer to one request. The names in `headers` are lower-case.

    Close it, whatever happens: `with await client.open(…) as response`. A cancelled `block` leaves
    the answer as it was, and closing is what ends the work upstream.
    """

    __slots__ = ("_answer", "_connection", "_give_back", "_timeout", "headers", "status")

    headers: Mapping[str, str]

    def __init__(
        self,
        connection: Connection,
        timeout: float,
        give_back: Callable[[Connection], None],
    ) -> None:
        answer = connection.answer
        self.status = answer.status
        self.headers = answer.headers
        self._answer = answer
        self._connection: Connection | None = connection
        self._timeout = timeout
        self._give_back = give_back

    @property
    def content_type(self) -> str:
        """The Content-Type header as it came, `""` without one."""
        return self.headers.get("content-type", "")

    async def block(self) -> bytes:
        """Everything of the body that arrived since the last call, `b""` at its end.

        Any error of `adapters.upstream.errors`, after what had arrived before it was given out.
        """
        answer, connection = self._answer, self._connection
        if connection is None:
            raise ConnectionBroken("The answer was closed.")
        while not answer.unread:
            if answer.complete:
                return b""
            await connection.wait(self._timeout)
        connection.read_on()
        return answer.take()

    async def read(self, limit: int) -> bytes:
        """The whole body; `LimitExceeded` if it is longer than `limit` bytes."""
        announced = 0 if self._answer.complete else int(self.headers.get("content-length", 0))
        blocks: list[bytes] = []
        size = 0
        while max(size, announced) <= limit:
            block = await self.block()
            if not block:
                return b"".join(blocks)
            blocks.append(block)
            size += len(block)
        raise LimitExceeded(f"The answer is larger than {limit} bytes.")

    async def finish(self, patience: float) -> None:
        """Close an answer that has said everything, but wait for its end first; raises nothing.

        The last bytes of the framing often come in a packet of their own, and the connection is
        only worth keeping after them; not after `patience` seconds, or if more of a body comes.
        """
        if not self._answer.complete:
            self._timeout = patience
            with suppress(UpstreamError):
                await self.block()
        self.close()

    def close(self) -> None:
        """Keep the connection if the answer has come to its end, abort it otherwise."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            self._give_back(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
