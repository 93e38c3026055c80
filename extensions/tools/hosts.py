"""Which tool host there is: none before it is needed, and a new one after each that failed."""

import asyncio
import logging
from os.path import lexists
from pathlib import Path
from typing import Any

from extensions.tools.catalogue import Catalogue
from extensions.tools.host import ScanBroken, ToolHost
from extensions.tools.wire import Scan
from gateway.core.errors import ToolsUnavailable

__all__ = ["ToolHosts"]

MOST_BROKEN = 8
"""Packages that may hang or crash in one scan, each of which costs a process and its time."""

log = logging.getLogger("mochi.tools")


class ToolHosts:
    """The host that has the tools of `folder`, and those that only finish what they began.

    A package may take `patience` seconds to import; `apart` as in `Scan`.
    """

    def __init__(self, folder: Path, *, patience: float, apart: bool = False) -> None:
        self._folder = folder.absolute()
        self._apart = apart
        self._patience = patience
        self._current: ToolHost | None = None
        self._all: list[ToolHost] = []
        self._starting: asyncio.Task[ToolHost | None] | None = None
        self._skip: dict[str, str] = {}
        """Packages that hung or crashed, and how; until somebody asks to look again."""
        self._renewing: asyncio.Task[None] | None = None
        self._closed = False
        self.catalogue: Catalogue | None = None
        """As the newest host has it; `None` until there was a need to know."""

    async def ready(self) -> ToolHost | None:
        """A host that takes calls; `None` for a folder without packages.

        Started if need be, once for all who wait. Raises `ToolsUnavailable`.
        """
        if self._current is not None and self._current.takes_calls:
            return self._current
        return await asyncio.shield(self._starting or self._begin())

    async def renewed(self) -> Catalogue:
        """Scan again, in a new host, which takes the place of the old one once it has."""
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._renew())
            self._renewing.add_done_callback(looked_at)
        await asyncio.shield(self._renewing)
        return self.catalogue or Catalogue()

    async def _renew(self) -> None:
        """For all who asked by the time that the new scan begins."""
        try:
            while self._starting is not None:  # it may have looked before there was something new
                await asyncio.wait([self._starting])
        finally:
            self._renewing = None
        self._skip = {}
        await asyncio.shield(self._begin())

    async def aclose(self) -> None:
        """End all hosts, whatever they run."""
        self._closed = True
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        await asyncio.gather(*(host.aclose() for host in self._all))

    def _begin(self) -> asyncio.Task[ToolHost | None]:
        if self._closed:
            raise ToolsUnavailable("The gateway is about to end.")
        self._starting = asyncio.create_task(self._replace())
        self._starting.add_done_callback(self._begun)
        return self._starting

    def _begun(self, starting: asyncio.Task[ToolHost | None]) -> None:
        self._starting = None
        looked_at(starting)

    async def _replace(self) -> ToolHost | None:
        found = await asyncio.to_thread(has_packages, self._folder)
        for name in await asyncio.to_thread(loose_files, self._folder):
            log.warning("'%s' is not looked into: tools are in folders with an __init__.py.", name)
        fresh = await self._started() if found else None
        known, self.catalogue = self.catalogue, fresh.catalogue if fresh else Catalogue()
        if known is None or known.rejected != self.catalogue.rejected:
            log_rejected(self.catalogue)
        old, self._current = self._current, fresh
        if old is not None:
            old.retire()
        return fresh

    def _scan(self) -> Scan:
        return Scan(folder=str(self._folder), skip=self._skip, apart=self._apart)

    async def _started(self) -> ToolHost:
        reason = "too many packages hang or crash while they are imported"
        for _ in range(MOST_BROKEN):
            try:
                host = await ToolHost.started(self._scan(), self._patience)
            except OSError as error:
                reason = str(error.strerror)
                break
            except ScanBroken as broken:
                if broken.package is None or broken.package in self._skip:
                    reason = broken.reason
                    break
                self._skip[broken.package] = broken.reason
            else:
                tools = len(host.catalogue.tools)
                log.info("Tool host %d runs the tools of %s (%d).", host.pid, self._folder, tools)
                self._all = [*(each for each in self._all if not each.over), host]
                return host
        log.error("The tools cannot be loaded: %s.", reason)
        raise ToolsUnavailable(f"The tools cannot be loaded: {reason}.")


def has_packages(folder: Path) -> bool:
    """Whether a scan could find something, as far as names tell."""
    try:
        names = [entry.name for entry in folder.iterdir()]
        shown = [name for name in names if not name.startswith((".", "_"))]
        return "__init__.py" in names or any(
            lexists(folder / name / "__init__.py") for name in shown
        )
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # the scan says what is wrong


def loose_files(folder: Path) -> list[str]:
    """Modules beside the packages, which are of use only to a package that the folder itself is."""
    try:
        names = [path.name for path in folder.glob("*.py")]
    except OSError:
        return []
    return [] if "__init__.py" in names else sorted(names)


def looked_at(task: asyncio.Task[Any]) -> None:
    """Nobody may be waiting for it any more."""
    if not task.cancelled():
        task.exception()


def log_rejected(catalogue: Catalogue) -> None:
    for rejected in catalogue.rejected:
        what = f"Tool '{rejected.name}' of package" if rejected.name else "Tool package"
        log.warning("%s '%s' is left out: %s", what, rejected.package, rejected.reason)
