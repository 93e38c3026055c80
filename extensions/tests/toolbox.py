"""Tools that are made of functions, without a process to run them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import Raw

from extensions.sessions.session import Session
from extensions.tools.outcome import ToolOutcome
from extensions.tools.tool import PlainTool, Tool, Tools
from gateway.core.messages import ToolCall
from gateway.core.requests import ToolDefinition

__all__ = ["Active", "AsyncTool", "Box", "Fixed"]

OBJECT = Raw(b'{"type":"object","properties":{}}')


class AsyncTool(PlainTool):
    """A tool of this name that does this with its arguments; `ran` has those of every run."""

    def __init__(
        self, name: str, work: Callable[..., Awaitable[str]], parameters: Raw = OBJECT
    ) -> None:
        self.definition = ToolDefinition(name, f"What {name} does.", parameters)
        self.ran: list[dict[str, Any]] = []
        self._work = work

    async def run(self, call: ToolCall) -> ToolOutcome:
        self.ran.append(call.arguments)
        try:
            return ToolOutcome(True, await self._work(**call.arguments))
        except TypeError as error:
            name = self.definition.name
            return ToolOutcome.failed(f"Invalid arguments for tool '{name}': {error}")


class Active:
    """These tools."""

    def __init__(self, *tools: Tool) -> None:
        self._tools = {tool.definition.name: tool for tool in tools}

    def offered(self) -> Sequence[ToolDefinition]:
        return [tool.definition for tool in self._tools.values()]

    def get(self, name: str) -> Tool | None:
        return self._tools.get(name)


class Fixed:
    """The same tools whatever the settings say."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def active(self, session: Session) -> Tools:
        return self._tools


class Box:
    """Those of these tools that the settings name, themselves or by a group."""

    def __init__(self, *tools: Tool, **groups: Sequence[str]) -> None:
        self._tools = {tool.definition.name: tool for tool in tools}
        self._groups = groups

    async def active(self, session: Session) -> Tools:
        settings = session.tool_settings
        names = self._groups.get(settings.tool_group or "", settings.tools)
        return Active(*(self._tools[name] for name in names if name in self._tools))
