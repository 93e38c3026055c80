"""Making a connection, and saying in one sentence why there is none."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import cached_property

from adapters.upstream.connection import Connection
from adapters.upstream.errors import ConnectFailed, UpstreamError
from adapters.upstream.url import Origin

__all__ = ["Attempt", "Connector", "system_trust"]


def system_trust() -> ssl.SSLContext:
    """TLS by the system's authorities. Loading them takes 20 ms."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Attempt:
    """The time a connection may take to come about, TLS handshake included.

    It borrows `asyncio.timeout` for turning a cancellation into a time-out, but not its timer.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.scope = asyncio.timeout(None)
        self.reason = ""

    def expire(self) -> None:
        self.abort(ConnectFailed("The server cannot be reached in time."))

    def abort(self, error: UpstreamError) -> None:
        if not self.reason:
            self.reason = str(error)
            self.scope.reschedule(0)


class Connector:
    """Connects to one server; each connection is made by `factory`.

    `tls` is the trust in its certificate, the system's when none is given.
    """

    def __init__(
        self,
        origin: Origin,
        factory: Callable[[], Connection],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._origin = origin
        self._factory = factory
        self._given_tls = tls

    async def connect(self) -> Connection:
        """To the first of the server's addresses that answers; else `ConnectFailed`."""
        try:
            return await self._connect()
        except OSError as error:
            raise ConnectFailed(_sentence(error)) from error

    async def _connect(self) -> Connection:
        failures: list[OSError] = []
        for address in await self._addresses():
            try:
                return await self._connect_to(address)
            except OSError as error:
                failures.append(error)
        raise failures[0]

    async def _addresses(self) -> Sequence[str]:
        """What the server's name stands for, without doubles.

        `localhost` is the loopback of both families, whatever a hosts file says: a server may
        listen on one and the name resolve to the other.
        """
        if self._origin.addresses:
            return self._origin.addresses
        if self._origin.host == "localhost":
            return ["127.0.0.1", "::1"]
        # The loop's create_connection would look the name up too, but leaves the look-up's failure
        # to nobody when it is cancelled.
        found = await asyncio.get_running_loop().getaddrinfo(
            self._origin.host, self._origin.port, type=socket.SOCK_STREAM
        )
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    async def _connect_to(self, address: str) -> Connection:
        origin, loop = self._origin, asyncio.get_running_loop()
        if origin.scheme == "https":
            made = await loop.create_connection(
                self._factory, address, origin.port, ssl=self._tls, server_hostname=origin.host
            )
        else:
            made = await loop.create_connection(self._factory, address, origin.port)
        return made[1]

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made on first use: only TLS should cost what it costs."""
        return self._given_tls or system_trust()


def _sentence(error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return "The server refused the connection."
        case socket.gaierror():
            return "The server's host name is not known."
        case ssl.SSLCertVerificationError():
            return "The server's certificate cannot be trusted."
        case ssl.SSLError():
            return "The TLS handshake with the server failed."
        case OSError(errno=errno.EMFILE | errno.ENFILE):
            return "No file descriptor is left for another connection."
        case OSError(errno=int(number)):
            return f"The server cannot be reached: {os.strerror(number)}."
        case _:
            return "The server cannot be reached."
