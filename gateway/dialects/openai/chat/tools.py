"""The tools of a request, and which of them the model may or must call."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from gateway.core.errors import Unsupported
from gateway.core.notes import Notes
from gateway.core.requests import NamedTool, ToolChoice, ToolDefinition
from gateway.dialects.decoding import RequestDecoder, explained, missing
from gateway.dialects.openai.chat import wire
from gateway.dialects.openai.tools import (
    Tools,
    invalid,
    offered,
    read_function,
    read_mode,
    read_word,
    without_tools,
)
from gateway.dialects.openai.wire import FunctionDefinition
from gateway.dialects.recurring import Recurring

__all__ = ["RECURRING", "read_choice", "read_functions", "read_tools"]

TOOLS = RequestDecoder[list[wire.FunctionTool] | None](list[wire.FunctionTool] | None)


def read_tools(tools: Raw, notes: Notes) -> Tools:
    """The tools; those of the last requests are remembered by their very bytes."""
    if tools is wire.ABSENT:
        return ()
    read, unknown = RECURRING.made(tools)
    for place in unknown:
        notes.ignore(place, why="is no field of this API")
    return read


def decode_tools(text: bytes) -> tuple[Tools, list[str]]:
    """The tools, and where there are fields that a tool does not have."""
    tools, unknown = TOOLS.decode_part(text, "tools")
    read = [read_tool(tool, f"tools[{index}]") for index, tool in enumerate(tools or ())]
    return tuple(read), unknown


RECURRING = Recurring("tools", decode_tools)


def read_tool(tool: wire.FunctionTool, at: str) -> ToolDefinition:
    if tool.type != "function":
        raise Unsupported(
            f"Tools of type '{tool.type}' are not supported, only 'function'.",
            param=f"{at}.type",
            reason="unsupported_value",
        )
    if tool.function is None:
        raise missing(f"{at}.function")
    return read_function(tool.function, f"{at}.function")


def read_functions(functions: Iterable[FunctionDefinition] | None) -> Tools:
    """The tools in their old form."""
    return tuple(
        [read_function(one, f"functions[{index}]") for index, one in enumerate(functions or ())]
    )


class Named(Struct):
    name: str


class Chosen(Struct):
    """A tool by its name: `{"type": "function", "function": {"name": …}}`."""

    type: str
    function: Named | None = None


class AllowedTools(Struct):
    tools: list[Chosen]
    mode: str = "auto"


class ChoiceObject(Chosen):
    """`name` stands beside `type` in the old `function_call`, and in some clients' haste."""

    name: str | None = None
    allowed_tools: AllowedTools | None = None


def read_choice(
    choice: str | dict[str, Any] | None, tools: Tools, param: str
) -> tuple[Tools, ToolChoice]:
    """Which tools may be called, and whether one must be."""
    if choice is None or isinstance(choice, str):
        return tools, read_word(choice, tools, param)
    return read_choice_object(convert(choice, param), tools, param)


def convert(choice: dict[str, Any], param: str) -> ChoiceObject:
    try:
        # The old form is a bare name.
        return msgspec.convert({"type": "function", **choice}, ChoiceObject)
    except msgspec.ValidationError as error:
        raise explained(str(error), param) from None


def read_choice_object(choice: ChoiceObject, tools: Tools, param: str) -> tuple[Tools, ToolChoice]:
    if not tools:
        raise without_tools(param)
    match choice:
        case ChoiceObject(type="function"):
            at = f"{param}.function.name" if param == "tool_choice" else f"{param}.name"
            name = choice.function.name if choice.function else choice.name
            if name is None:
                raise missing(at)
            return tools, NamedTool(offered(name, tools, at).name)
        case ChoiceObject(type="allowed_tools", allowed_tools=AllowedTools(allowed, mode)):
            return read_allowed(allowed, tools, param), read_mode(
                mode, f"{param}.allowed_tools.mode"
            )
        case ChoiceObject(type="allowed_tools"):
            raise missing(f"{param}.allowed_tools")
    raise Unsupported(
        f"A tool choice of type '{choice.type[:64]}' is not supported; 'function' and"
        " 'allowed_tools' are.",
        param=f"{param}.type",
        reason="unsupported_value",
    )


def read_allowed(allowed: list[Chosen], tools: Tools, param: str) -> Tools:
    names = set()
    for index, chosen in enumerate(allowed):
        at = f"{param}.allowed_tools.tools[{index}]"
        if chosen.function is None:
            raise missing(f"{at}.function")
        names.add(offered(chosen.function.name, tools, f"{at}.function.name").name)
    if not names:
        raise invalid(f"{param}.allowed_tools.tools", "no tool is allowed; use 'none'.")
    return tuple([tool for tool in tools if tool.name in names])
