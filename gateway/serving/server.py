"""An ASGI application behind listening sockets, from its start to its last answer."""

import asyncio
import errno
import logging
import socket
from email.utils import formatdate
from typing import Any, Self

import uvicorn
from uvicorn.lifespan.on import LifespanOn

from gateway.serving.connection import Connection
from gateway.serving.service import Deadlines, Service

__all__ = ["GatewayServer", "StartFailed", "listen"]

BACKLOG = 4096
GOODBYE = 0.1
"""Seconds in which the WebSockets on which nothing is answered close; they are not waited for."""

log = logging.getLogger("mochi")


class StartFailed(Exception):
    """The application could not start; the log says why."""


class GatewayServer:
    """Serves an ASGI application on sockets, on the running event loop, while it is entered.

    Leaving stops accepting and lets running answers finish for `grace` seconds. Then their tasks
    are cancelled and have a second for a last frame. The application's own shutdown, in which it
    finishes work that no request waits for, has what is left of `grace`, and half a second in any
    case: leaving never takes longer than `grace` and two seconds.
    """

    def __init__(
        self,
        app: Any,
        sockets: list[socket.socket],
        *,
        grace: float = 30,
        deadlines: Deadlines | None = None,
    ) -> None:
        self.address: tuple[str, int] = sockets[0].getsockname()[:2]
        self._sockets = sockets
        self._grace = grace
        self._deadlines = deadlines or Deadlines()
        self._servers: list[asyncio.Server] = []
        self._app = app
        self._config = uvicorn.Config(
            app, http=Connection, ws="none", lifespan="on", interface="asgi3", log_config=None
        )

    @property
    def url(self) -> str:
        """`http://host:port` of the first socket."""
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        self._lifespan = LifespanOn(self._config)
        await self._lifespan.startup()
        if self._lifespan.should_exit:
            for listening in self._sockets:
                listening.close()
            raise StartFailed("The application could not start; the log says why.")
        self._service = Service(self._app, self._lifespan.state)
        self._clock = asyncio.create_task(self._keep_time())
        loop = asyncio.get_running_loop()
        for listening in self._sockets:
            server = await loop.create_server(self._connection, sock=listening, backlog=BACKLOG)
            self._servers.append(server)
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        for connection in tuple(self._service.connections):
            connection.shutdown()
        for call in tuple(self._service.draining):
            call()
        loop = asyncio.get_running_loop()
        end = loop.time() + self._grace
        await self._finished(min(GOODBYE, self._grace))
        if running := len(self._service.tasks):
            log.info("Running answers (%d) have %g s to finish", running, self._grace)
        if not await self._finished(end - loop.time()):
            log.warning("Ending answers that did not finish in time (%d)", len(self._service.tasks))
            for task in self._service.tasks:
                task.cancel()
            await self._finished(1)
        # An answer may wait for a tool to its end, which comes with that of the application.
        await self._end_application(end)
        await self._finished(0.3)
        for connection in tuple(self._service.connections):
            connection.abort()
        self._clock.cancel()

    async def _end_application(self, by: float) -> None:
        """Wait for its own shutdown until this time of the loop, and half a second in any case."""
        soonest = asyncio.get_running_loop().time() + 0.5
        try:
            async with asyncio.timeout_at(max(by, soonest)):
                await self._lifespan.shutdown()
        except TimeoutError:
            log.warning("The application did not end in time")

    def _connection(self) -> Connection:
        return Connection(self._service)

    async def _keep_time(self) -> None:
        """The one timer: the `Date` header and every connection's deadline."""
        loop, limits = asyncio.get_running_loop(), self._deadlines
        interval = min(1, limits.head / 5, limits.body / 5, limits.idle / 5, limits.write / 5)
        while True:
            self._service.default_headers = [(b"date", formatdate(usegmt=True).encode())]
            now = loop.time()
            for connection in tuple(self._service.connections):
                try:
                    connection.check(now, limits)
                except Exception:  # one connection must not take the deadlines of all others
                    log.exception("A connection could not be checked")
            await asyncio.sleep(interval)

    async def _finished(self, seconds: float) -> bool:
        """Whether every request is answered and every connection closed within that time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while busy := self._service.tasks or self._service.connections:
            if loop.time() >= deadline:
                break
            await asyncio.sleep(0.02)
        return not busy


def listen(host: str, port: int) -> list[socket.socket]:
    """Listening sockets on every address of `host`, all on one port; 0 takes a free one.

    Raises `OSError`. An address that this machine lacks is passed over while another works: in many
    containers `localhost` has an IPv6 address that nothing can bind.
    """
    sockets: list[socket.socket] = []
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for number, (family, _, _, _, (name, _, *scope)) in enumerate(addresses, 1):
        try:
            address = (name, port, *scope)
            bound = socket.create_server(address, family=family, backlog=BACKLOG)
        except OSError as error:
            absent = error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
            if absent and (sockets or number < len(addresses)):
                continue
            for other in sockets:
                other.close()
            raise
        sockets.append(bound)
        port = bound.getsockname()[1]
    return sockets
