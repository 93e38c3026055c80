"""A client that does no more than a load generator needs: kept connections, and no waiting."""

import asyncio
import ssl
from collections.abc import Callable
from time import perf_counter

from gateway.commands.benching.answer import Answer
from gateway.commands.benching.connection import Connection
from gateway.commands.benching.plan import Load, Target
from gateway.commands.benching.requesting import Requests
from gateway.commands.benching.streams import stream_reader
from gateway.commands.benching.wholes import whole_reader

__all__ = ["Client"]

UNREACHABLE = "unreachable"


class Client:
    """Asks one server. `opened` counts the connections made.

    It follows no redirects and reads no proxy variables: both would measure something else.
    """

    def __init__(self, target: Target, load: Load) -> None:
        self.opened = 0
        self._origin = target.origin
        self._load = load
        self._requests = Requests(target, load)
        self._whole = whole_reader(load)
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._clock: asyncio.TimerHandle | None = None
        self._tls = ssl.create_default_context() if target.origin.scheme == "https" else None

    async def ask(self, asked: float | None = None) -> Answer:
        """The answer, with its fault if it has one. The clock runs from `asked`, or from now."""
        answer = await self.fetch(asked)
        answer.settle()
        return answer

    async def fetch(self, asked: float | None = None) -> Answer:
        """The answer as it came. Somebody has yet to `settle` it."""
        load = self._load
        reader = stream_reader(load) if load.stream else None
        answer = Answer(asked or perf_counter(), reader, self._whole)
        request = self._requests.next()
        connection = self._kept()
        if connection and await self._sent(connection, request, answer):
            return answer
        # A kept connection may die while a request is on its way: that is nobody's fault.
        try:
            connection = await self._connect()
        except (OSError, TimeoutError) as error:
            answer.failed(UNREACHABLE, why(error))
            answer.ended = perf_counter()
            return answer
        if not await self._sent(connection, request, answer):
            answer.failed("connection broken", "before an answer")
            answer.ended = perf_counter()
        return answer

    def close(self) -> None:
        if self._clock:
            self._clock.cancel()
        for connection in self._idle:
            connection.abort()
        self._idle.clear()

    def _tick(self) -> None:
        """The one timer: of each request it would cost more than the rest of sending it."""
        now, limit = perf_counter(), self._load.timeout
        for connection in tuple(self._busy):
            connection.check(now, limit)
        loop = asyncio.get_running_loop()
        self._clock = loop.call_later(min(1, limit / 10), self._tick) if self._busy else None

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable:
                return connection
        return None

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        make: Callable[[], Connection] = Connection
        async with asyncio.timeout(min(10, self._load.timeout)):
            _, connection = await loop.create_connection(
                make, self._origin.host, self._origin.port, ssl=self._tls
            )
        self.opened += 1
        return connection

    async def _sent(self, connection: Connection, request: bytes, answer: Answer) -> bool:
        """Send it and wait for the end; False if the connection was dead before the first byte."""
        self._busy.add(connection)
        if not self._clock:
            self._tick()
        try:
            answered = await connection.ask(request, answer)
        except asyncio.CancelledError:
            connection.abort()
            raise
        finally:
            self._busy.discard(connection)
        if connection.reusable:
            self._idle.append(connection)
        elif answered:
            connection.abort()
        return answered


def why(error: OSError | TimeoutError) -> str:
    if isinstance(error, TimeoutError) and not error.errno:
        return "no connection in time"
    return str(error.strerror or error)
