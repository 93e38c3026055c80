"""The HTTP/1.1 client that every backend streams through.

open → Pool → Connection.send → Answer.feed → UpstreamResponse.block: each read of the socket
becomes one block, and nothing on that way costs a task, a timer or a queue.
"""

import ssl
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from adapters.upstream.connection import Connection
from adapters.upstream.errors import ConnectionBroken
from adapters.upstream.pool import Pool
from adapters.upstream.request import RequestHead
from adapters.upstream.response import UpstreamResponse
from adapters.upstream.settings import Limits, Timeouts
from adapters.upstream.url import parse

__all__ = ["Limits", "Timeouts", "UpstreamClient", "UpstreamResponse"]

TIMEOUTS = Timeouts()
LIMITS = Limits()


class UpstreamClient:
    """Requests to one server over kept connections.

    It follows no redirects, keeps no cookies, reads no proxy variables, and asks again only when a
    connection that had been idle turns out to be dead. `authority` names the server in messages for
    people: host and port, never a password. `active` counts the requests not yet closed.
    `ValueError` for a bad `base_url`.

    With `addresses` no name is looked up: whoever has checked what a name stands for connects to
    just that, while the certificate must still be for the name. `tls` replaces the system's trust.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeouts: Timeouts = TIMEOUTS,
        limits: Limits = LIMITS,
        user_agent: str = "mochi-gateway",
        addresses: Sequence[str] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        origin = replace(parse(base_url), addresses=tuple(addresses))
        self.authority = origin.authority
        self.active = 0
        self._timeouts = timeouts
        self._request_head = RequestHead(origin, user_agent)
        self._pool = Pool(origin, timeouts, limits, tls)

    @property
    def opened(self) -> int:
        """Connections made so far."""
        return self._pool.opened

    @property
    def idle(self) -> int:
        """Connections kept for the next request."""
        return self._pool.idle

    async def open(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> UpstreamResponse:
        """Send a request and wait for the head of its answer, whatever its status.

        Close the response, or use it in a `with`: that is what frees the connection.
        """
        head = self._request_head.render(method, path, len(body), headers)
        self.active += 1
        try:
            connection = self._pool.idle_connection()
            if connection is not None:
                try:
                    return await self._ask(connection, method, head, body)
                except ConnectionBroken:
                    # The server gave up the idle connection while the request was on its way.
                    if connection.answer.started:
                        raise
            connection = await self._pool.new_connection()
            return await self._ask(connection, method, head, body)
        except BaseException:
            self.active -= 1
            raise

    async def aclose(self) -> None:
        """End everything that runs; later calls raise `ConnectFailed`."""
        await self._pool.aclose()

    async def _ask(
        self, connection: Connection, method: str, head: bytes, body: bytes
    ) -> UpstreamResponse:
        timeout = self._timeouts.first_byte
        answer = connection.answer
        try:
            if not connection.send(head, body, bodiless=method == "HEAD"):
                await connection.upload(body, timeout)
            while not answer.status:
                await connection.wait(timeout)
        except BaseException:
            connection.abort(ConnectionBroken("The request was given up."))
            raise
        return UpstreamResponse(connection, self._timeouts.between_reads, self._give_back)

    def _give_back(self, connection: Connection) -> None:
        self.active -= 1
        self._pool.give_back(connection)
