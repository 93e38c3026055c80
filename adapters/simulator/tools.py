"""Tools as a model gets to see them, and the calls it makes of them."""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from adapters.simulator.gotypes import (
    Place,
    Reader,
    WrongType,
    anything,
    array,
    members,
    strings,
    text,
)
from adapters.simulator.schemas import instance
from adapters.simulator.values import Guess

__all__ = ["Tool", "chosen", "read_tool", "repeated_calls", "wanted_calls"]

_TWICE = re.compile(r"\b(two|twice|both)\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{3,}")


class Tool(Struct, frozen=True):
    """`parameters` holds what Ollama keeps of the JSON Schema."""

    name: str = ""
    description: str = ""
    parameters: dict[str, Any] = {}


def _property_type(value: Any, place: Place) -> Any:
    return value if isinstance(value, str) else list(strings(value, place))


def _property(value: Any, place: Place) -> dict[str, Any]:
    return members(value, place, _PROPERTY, "api.ToolProperty")


def _properties(value: Any, place: Place) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WrongType("Value looks like object, but can't find closing '}' symbol")
    return {name: _property(member, place) for name, member in value.items() if member is not None}


# Every other keyword is dropped before the model sees the schema; `items` and `$defs` stay whole.
_PROPERTY: dict[str, Reader] = {
    "anyOf": array(_property, "[]api.ToolProperty"),
    "type": _property_type,
    "items": anything,
    "description": text,
    "enum": array(anything, "[]interface {}"),
    "properties": _properties,
    "required": strings,
}
_PARAMETERS: dict[str, Reader] = {
    "type": text,
    "$defs": anything,
    "items": anything,
    "required": strings,
    "properties": _properties,
}


def _parameters(value: Any, place: Place) -> dict[str, Any]:
    return members(value, place, _PARAMETERS, "api.ToolFunctionParameters")


_FUNCTION: dict[str, Reader] = {"name": text, "description": text, "parameters": _parameters}


def _function(value: Any, place: Place) -> Tool:
    return Tool(**members(value, place, _FUNCTION, "api.ToolFunction"))


def read_tool(value: Any, place: Place) -> Tool:
    fields: dict[str, Reader] = {"type": text, "items": anything, "function": _function}
    tool: Tool = members(value, place, fields, "api.Tool").get("function", Tool())
    return tool


def chosen(tools: Sequence[Tool], message: str) -> Tool:
    """The tool whose name and description share most words with the message, or the first."""
    words = set(_WORD.findall(message.lower()))

    def shared(tool: Tool) -> int:
        named = set(_WORD.findall(tool.name.lower().replace("_", " ")))
        described = set(_WORD.findall(tool.description.lower()))
        return 3 * len(words & named) + len(words & described)

    return max(tools, key=shared)


def wanted_calls(tools: Sequence[Tool], message: str) -> list[tuple[str, dict[str, Any]]]:
    """The calls this message leads to: one, or two where it speaks of two."""
    return _calls(chosen(tools, message), message, _times(message))


def repeated_calls(tool: Tool, message: str) -> list[tuple[str, dict[str, Any]]]:
    """One call of this tool more than the message leads to."""
    return _calls(tool, message, _times(message) + 1)


def _times(message: str) -> int:
    return 2 if _TWICE.search(message) else 1


def _calls(tool: Tool, message: str, times: int) -> list[tuple[str, dict[str, Any]]]:
    return [(tool.name, _arguments(tool, message, skip)) for skip in range(times)]


def _arguments(tool: Tool, message: str, skip: int) -> dict[str, Any]:
    """What a tool says may be left out is, unless the message offers something for it."""
    schema = {**tool.parameters, "type": "object"}
    heard, unheard = instance(schema, Guess(message, skip)), instance(schema, Guess("", skip))
    required = tool.parameters.get("required", heard)
    return {
        name: value
        for name, value in heard.items()
        if name in required or value != unheard.get(name)
    }
