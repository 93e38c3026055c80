"""A tool host, as the server sees it."""

import asyncio
import logging
from contextlib import suppress
from itertools import count

from msgspec import Raw, Struct

from extensions.sessions.threads import unbroken
from extensions.tools.catalogue import Catalogue
from extensions.tools.process import HostProcess
from extensions.tools.wire import FromHost, Importing, Ran, Run, Scan, Scanned

__all__ = ["CallExpired", "CallLost", "ScanBroken", "ToolHost"]

LAST_SECONDS = 5
"""How long the end of a process is waited for."""

log = logging.getLogger("mochi.tools")


class CallLost(Exception):
    """A call that has no result, and the reason."""


class CallExpired(CallLost):
    """The call took too long."""


class ScanBroken(Exception):
    """The folder could not be scanned to the end, because of `package` if that is known."""

    def __init__(self, package: str | None, reason: str) -> None:
        super().__init__(reason)
        self.package = package
        self.reason = reason


class Running(Struct, frozen=True):
    """A call that was given to the host."""

    ended: asyncio.Future[Ran]
    limit: asyncio.TimerHandle

    def lost(self, reason: CallLost) -> None:
        self.limit.cancel()
        if not self.ended.done():
            self.ended.set_exception(reason)


class ToolHost:
    """A child process that imported the tools of a folder, and runs calls of them.

    Once a call takes too long the host is retired: it gets no more calls, and ends when those it
    has came to their end. What hangs in it ends with it.
    """

    def __init__(self) -> None:
        self.catalogue = Catalogue()
        self._process = HostProcess(self._heard, self._ended)
        self._scanning = Scanning()
        self._running: dict[int, Running] = {}
        self._ids = count()
        self._retired = False

    @classmethod
    async def started(cls, asked: Scan, patience: float) -> "ToolHost":
        """A host that has scanned as it was asked to.

        A package may take `patience` seconds. Raises `ScanBroken`; `OSError` if there can be no
        process.
        """
        host = cls()
        await host._process.start()
        host._process.say(asked)
        try:
            host.catalogue = await host._scanning.catalogue(patience)
        except BaseException:
            await unbroken(host.aclose())
            raise
        return host

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def takes_calls(self) -> bool:
        return not self._retired

    @property
    def over(self) -> bool:
        """Whether nothing is left of it."""
        return self._process.is_gone

    async def run(self, name: str, arguments: Raw, seconds: float) -> Ran:
        """Run a call; `CallLost` if it takes more than `seconds`, or its process ends.

        To cancel this does not stop the function.
        """
        if self._retired:
            raise CallLost("the process of the tools has just ended")
        loop = asyncio.get_running_loop()
        id = next(self._ids)
        limit = loop.call_later(seconds, self._expire, id, seconds)
        call = self._running[id] = Running(loop.create_future(), limit)
        self._process.say(Run(id=id, name=name, arguments=arguments))
        return await call.ended

    def retire(self) -> None:
        """Take no more calls, and end when those that run have ended."""
        self._retired = True
        if not self._running:
            self._process.kill("was replaced")

    async def aclose(self) -> None:
        """End it now, whatever runs, and wait until nothing is left of it; but not for ever, as for
        a process that the kernel itself cannot end."""
        self._retired = True
        self._process.kill("was stopped")
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_SECONDS):
                await self._process.gone()

    def _expire(self, id: int, seconds: float) -> None:
        self._running.pop(id).lost(CallExpired(f"it took longer than {seconds:g} seconds"))
        log.warning("Tool host %d is retired: a call of it takes too long.", self.pid)
        self.retire()

    def _heard(self, said: FromHost) -> None:
        match said:
            case Ran(id=id):
                if call := self._running.pop(id, None):
                    call.limit.cancel()
                    if not call.ended.done():
                        call.ended.set_result(said)
                    if self._retired:
                        self.retire()
            case Importing() | Scanned():
                self._scanning.heard(said)

    def _ended(self, reason: str) -> None:
        if not self._retired:
            log.warning("Tool host %d %s.", self.pid, reason)
        self._retired = True
        self._scanning.broke(reason)
        for call in self._running.values():
            call.lost(CallLost(f"the process of the tools {reason}"))
        self._running.clear()


class Scanning:
    """How far a host has come with its folder."""

    def __init__(self) -> None:
        self._package: str | None = None
        self._news = asyncio.Event()
        self._catalogue: Catalogue | None = None
        self._broken: str | None = None

    def heard(self, said: Importing | Scanned) -> None:
        match said:
            case Importing(package):
                self._package = package
            case Scanned(catalogue):
                self._catalogue = catalogue
        self._news.set()

    def broke(self, reason: str) -> None:
        during = " while it was imported" if self._package else ""
        self._broken = f"the process of the tools {reason}{during}"
        self._news.set()

    async def catalogue(self, patience: float) -> Catalogue:
        while self._catalogue is None:
            if self._broken:
                raise ScanBroken(self._package, self._broken)
            self._news.clear()
            try:
                async with asyncio.timeout(patience):
                    await self._news.wait()
            except TimeoutError:
                reason = f"importing it took longer than {patience:g} seconds"
                raise ScanBroken(self._package, reason) from None
        return self._catalogue
