"""Making a connection, and saying in one sentence why there is none."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from functools import cache

from adapters.upstream.connection import Connection
from adapters.upstream.errors import ConnectFailed, UpstreamError
from adapters.upstream.url import Origin

__all__ = ["Attempt", "connect"]


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


async def connect(origin: Origin, factory: Callable[[], Connection]) -> Connection:
    """A connection to the first of the server's addresses that takes one; else `ConnectFailed`."""
    failures: list[OSError] = []
    for address in origin.addresses:
        try:
            return await _connect(origin, address, factory)
        except OSError as error:
            failures.append(error)
    raise ConnectFailed(_sentence(failures[0])) from failures[0]


async def _connect(origin: Origin, address: str, factory: Callable[[], Connection]) -> Connection:
    loop = asyncio.get_running_loop()
    if not origin.tls:
        _, connection = await loop.create_connection(factory, address, origin.port)
    else:
        _, connection = await loop.create_connection(
            factory, address, origin.port, ssl=_tls(), server_hostname=origin.host
        )
    return connection


@cache
def _tls() -> ssl.SSLContext:
    """The system's authorities. Loading them takes 20 ms, so only those who need them do."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


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
