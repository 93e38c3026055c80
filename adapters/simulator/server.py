"""The simulator behind a socket: in the process of a demo or a test, or alone."""

import asyncio
import ipaddress
from collections import deque
from types import TracebackType

from .connection import Connection
from .http import Exchange, RecordedRequest
from .routes import answer
from .state import State

__all__ = ["Simulator"]

_BACKLOG = 1024


class Simulator:
    """An Ollama without models: it speaks the native protocol and makes its answers up.

    `token_delay` is the time between two tokens and `load_delay` what loading a model takes, in
    seconds. Port 0 takes a free port; `url` says which. What models there are, and which of them
    are broken in what way, is in `models` and `faults`.

        async with Simulator() as simulator:
            print(simulator.url)
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token_delay: float = 0.0,
        load_delay: float = 0.0,
        version: str = "0.32.15",
    ) -> None:
        self._host = host
        self._port = port
        self._local = _is_loopback(host)
        self._state = State(token_delay=token_delay, load_delay=load_delay, version=version)
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self.url = ""

    @property
    def requests(self) -> deque[RecordedRequest]:
        """The last 1000 requests, so that one can see what a program sent."""
        return self._state.requests

    @property
    def active(self) -> int:
        """Requests that are being answered right now."""
        return self._state.active

    @property
    def cancelled(self) -> int:
        """Generations that ended because the client left."""
        return self._state.cancelled

    async def start(self) -> None:
        """Listen; raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._connection, self._host, self._port, backlog=_BACKLOG
        )
        port = self._server.sockets[0].getsockname()[1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"http://{host}:{port}"

    async def aclose(self) -> None:
        """Stop listening and end all connections, whatever they are doing."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._connections):
            await connection.aclose()
        await self._server.wait_closed()
        self._server = None

    async def __aenter__(self) -> "Simulator":
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _connection(self) -> Connection:
        return Connection(self._answer, self._connections.add, self._connections.discard)

    async def _answer(self, exchange: Exchange) -> None:
        self._state.requests.append(exchange.request)
        self._state.active += 1
        try:
            await answer(self._state, exchange, local=self._local)
        finally:
            self._state.active -= 1


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
