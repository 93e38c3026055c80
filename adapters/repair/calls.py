"""Calls for the caller, made of what a model wrote and of what Ollama itself recognised."""

from typing import Any

from adapters.repair.arguments import coerced, fit, tightened
from adapters.repair.offered import offered
from adapters.repair.written import Block, Written
from gateway.core.events import ToolCalled
from gateway.core.ids import new_id
from gateway.core.messages import ToolCall
from gateway.core.notes import Notes
from gateway.core.requests import ToolDefinition

__all__ = ["Calls"]


class Calls:
    """The calls of one answer. `made` says that there was one."""

    __slots__ = ("_ids", "_notes", "made", "offered")

    def __init__(self, tools: tuple[ToolDefinition, ...], notes: Notes) -> None:
        self.offered = offered(tools)
        self.made = False
        self._notes = notes
        self._ids: set[str] = set()

    def promoted(self, block: Block | None) -> list[ToolCalled]:
        """The calls of a block; none at all if one of them names a tool that was not offered.

        The others would be calls then, while the text that they stand in would have to be shown
        for the sake of the one that is none.
        """
        if block is None or any(self.offered.named(call.name) is None for call in block.calls):
            return []
        self._notes.repair(block.kind)
        if block.damaged:
            self._notes.repair("json-damage")
        return [self._promoted(block, written) for written in block.calls]

    def mended(self, call: ToolCall) -> ToolCalled:
        """A call that Ollama recognised. One of an unknown tool stays as it is."""
        if call.id not in self._ids and self.offered.settles(call.name, call.arguments):
            return self._called(call)
        call_id = self._unique(call.id)
        name = self.offered.named(call.name)
        if name is None:
            return self._called(ToolCall(call_id, call.name, call.arguments))
        self._named(call.name, name)
        arguments = self._fitting(name, call.arguments, texts=False)
        return self._called(ToolCall(call_id, name, arguments))

    def _promoted(self, block: Block, written: Written) -> ToolCalled:
        name = self.offered.named(written.name) or written.name
        self._named(written.name, name)
        arguments = self._fitting(name, written.arguments, texts=written.texts)
        if block.spaced:
            tight = tightened(arguments)
            if tight is not arguments:
                self._notes.repair("paths")
            arguments = tight
        return self._called(ToolCall(new_id("call_"), name, arguments))

    def _called(self, call: ToolCall) -> ToolCalled:
        self.made = True
        self._ids.add(call.id)
        return ToolCalled(call)

    def _unique(self, call_id: str) -> str:
        if call_id and call_id not in self._ids:
            return call_id
        self._notes.repair("ids")
        return new_id("call_")

    def _named(self, written: str, name: str) -> None:
        if written != name:
            self._notes.repair("name")

    def _fitting(self, name: str, arguments: dict[str, Any], *, texts: bool) -> dict[str, Any]:
        """The arguments as the schema wants them; as they were if even that does not fit.

        Bare texts have no types that could be kept, so reading them is no repair.
        """
        schema = self.offered.schema(name)
        changed = coerced(arguments, schema)
        if changed is arguments or texts:
            return changed
        if not fit(changed, schema):
            return arguments
        self._notes.repair("types")
        return changed
