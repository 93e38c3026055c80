"""The connections to one server: those in use, and those kept for the next request."""

import asyncio
import ssl

from adapters.upstream.connecting import Attempt, Connector
from adapters.upstream.connection import Connection
from adapters.upstream.deadlines import Deadlines
from adapters.upstream.errors import ConnectFailed, ConnectionBroken
from adapters.upstream.settings import Limits, Timeouts
from adapters.upstream.url import Origin

__all__ = ["Pool"]

CLOSED = "The client is closed."


class Pool:
    """Hands out the connection that was used last, so that after a peak the others age and go.

    There is no upper limit but the process's descriptors: a request that waits in a queue for
    another one's answer to end would look like a server gone silent.
    """

    def __init__(
        self,
        origin: Origin,
        timeouts: Timeouts,
        limits: Limits,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.opened = 0
        self._connector = Connector(origin, self._new, tls)
        self._limits = limits
        self._connect_timeout = timeouts.connect
        shortest = min(
            timeouts.connect, timeouts.first_byte, timeouts.between_reads, limits.idle_seconds
        )
        self._deadlines = Deadlines(min(max(shortest / 4, 0.01), 0.5))
        self._idle: dict[Connection, None] = {}  # a set that remembers the order
        self._closed = False

    @property
    def idle(self) -> int:
        return len(self._idle)

    def idle_connection(self) -> Connection | None:
        """The idle connection that was used last, if there is one."""
        return self._idle.popitem()[0] if self._idle else None

    async def new_connection(self) -> Connection:
        """`ConnectFailed` if there is none within the time allowed."""
        if self._closed:
            raise ConnectFailed(CLOSED)
        attempt = Attempt(asyncio.get_running_loop().time() + self._connect_timeout)
        self._deadlines.watch(attempt)
        try:
            async with attempt.scope:
                connection = await self._connector.connect()
        except TimeoutError:
            raise ConnectFailed(attempt.reason) from None
        finally:
            self._deadlines.forget(attempt)
        self.opened += 1
        if connection.alive:  # the server may have hung up in the same breath
            self._deadlines.watch(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep the connection for another request if it is fit for one, or end it."""
        if connection.reusable and len(self._idle) < self._limits.idle_connections:
            connection.rest(self._limits.idle_seconds)
            self._idle[connection] = None
        else:
            connection.abort(ConnectionBroken("The answer was closed."))

    async def aclose(self) -> None:
        """End everything, and wait until the descriptors are free."""
        self._closed = True
        await self._deadlines.abort_all(CLOSED)

    def _new(self) -> Connection:
        return Connection(self._limits, self._drop, self._deadlines.forget)

    def _drop(self, connection: Connection) -> None:
        self._idle.pop(connection, None)
