"""The tools of the user's folder."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import msgspec
from msgspec import Raw, Struct

from extensions.sessions.session import Session
from extensions.tools.catalogue import Catalogue, FoundTool
from extensions.tools.executions import Execution, Executions
from extensions.tools.host import CallExpired, CallLost
from extensions.tools.hosts import ToolHosts
from extensions.tools.outcome import ToolOutcome
from extensions.tools.results import call_failed, call_refused
from extensions.tools.tool import NoTools, PlainTool, Tools
from extensions.tools.wire import Ran
from gateway.core.errors import ToolNotFound, ToolsUnavailable
from gateway.core.messages import ToolCall
from gateway.core.metrics import Tools as Counts
from gateway.core.requests import ToolDefinition

__all__ = ["FolderTools"]

LONGEST_ARGUMENTS = 256 * 1024
"""Bytes of JSON."""


class FolderTools:
    """A `Toolbox` of the functions in a folder. A call may take `timeout` seconds, and the import
    of a package `patience`, which some large libraries need.

    There is no process before a session with tools, or somebody who asks, needs one. With `apart`
    each package has names of its own: then they are `listed` as `package/name`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        timeout: float = 60,
        patience: float = 60,
        apart: bool = False,
        counts: Counts | None = None,
    ) -> None:
        self.executions = Executions()
        self._counts = counts or Counts()
        self._hosts = ToolHosts(folder, patience=patience, apart=apart)
        self._timeout = timeout

    async def catalogue(self) -> Catalogue:
        """All there is, as it was when it was last looked for; `ToolsUnavailable`."""
        if self._hosts.catalogue is None:
            await self._hosts.ready()
        return self._hosts.catalogue or Catalogue()

    async def tool(self, name: str) -> FoundTool:
        found = (await self.catalogue()).tools.get(name)
        if found is None:
            raise ToolNotFound(name)
        return found

    async def reload(self) -> Catalogue:
        """Look again. Calls that run meanwhile end where they began."""
        return await self._hosts.renewed()

    async def active(self, session: Session) -> Tools:
        settings = session.tool_settings
        if not settings.tools and not settings.tool_group:
            return NoTools()
        catalogue = await self.catalogue()
        names = catalogue.groups.get(settings.tool_group or "", settings.tools)
        found = {name: catalogue.tools[name] for name in names if name in catalogue.tools}
        return ActiveTools({name: FunctionTool(tool, name, self) for name, tool in found.items()})

    async def of_package(self, package: str) -> Tools:
        """The tools of one package, by their own names."""
        listed = (await self.catalogue()).tools.items()
        found = [(place, tool) for place, tool in listed if tool.package == package]
        return ActiveTools({tool.name: FunctionTool(tool, place, self) for place, tool in found})

    async def run(self, call: ToolCall, listed: str | None = None) -> ToolOutcome:
        """Run a call of a tool, and remember it. `listed` is its place in the catalogue, if that is
        not its name."""
        name, began, late = call.name, perf_counter(), False
        try:
            ran = await self._run(call, listed or name)
        except ToolNotFound:
            return ToolOutcome.unknown(name)
        except (CallLost, ToolsUnavailable) as error:
            late = isinstance(error, CallExpired)
            ran = failed(call_failed(name, str(error)), perf_counter() - began)
        outcome = (
            ToolOutcome.failed(ran.error) if ran.error else ToolOutcome(True, ran.result or "")
        )
        ended = "timed_out" if late else "ok" if outcome.success else "failed"
        self._counts.ran(name, ended, ran.seconds)
        self.executions.add(
            Execution(
                tool_name=name,
                success=outcome.success,
                result=outcome.result,
                error_message=outcome.error,
                execution_time=ran.seconds,
            )
        )
        return outcome

    async def aclose(self) -> None:
        """End the process, if there is one, and whatever it runs."""
        await self._hosts.aclose()

    async def _run(self, call: ToolCall, listed: str) -> Ran:
        arguments = msgspec.json.encode(call.arguments)
        if len(arguments) > LONGEST_ARGUMENTS:
            limit = f"they take more than {LONGEST_ARGUMENTS // 1024} KiB"
            return failed(call_refused(call.name, limit))
        host = await self._hosts.ready()
        if host is None or listed not in host.catalogue.tools:
            raise ToolNotFound(call.name)
        return await host.run(listed, Raw(arguments), self._timeout)


def failed(error: str, seconds: float = 0) -> Ran:
    """What came of a call that no host has answered."""
    return Ran(id=-1, error=error, seconds=seconds)


class FunctionTool(PlainTool):
    """A function of the folder. A call of it runs in whichever host there is by then."""

    def __init__(self, found: FoundTool, listed: str, folder: FolderTools) -> None:
        self.definition = found.definition
        self._listed = listed
        self._folder = folder

    async def run(self, call: ToolCall) -> ToolOutcome:
        return await self._folder.run(call, self._listed)


class ActiveTools(Struct, frozen=True):
    """Some tools, by name."""

    tools: dict[str, FunctionTool]

    def offered(self) -> Sequence[ToolDefinition]:
        return [tool.definition for tool in self.tools.values()]

    def get(self, name: str) -> FunctionTool | None:
        return self.tools.get(name)
