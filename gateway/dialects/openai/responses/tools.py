"""The tools of a request: functions are offered, hosted tools left out and named."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from gateway.core.errors import InvalidRequest, Unsupported
from gateway.core.notes import Notes
from gateway.core.requests import NamedTool, ToolChoice, ToolDefinition
from gateway.dialects.decoding import RequestDecoder, decode_part, explained, missing
from gateway.dialects.openai.responses import wire
from gateway.dialects.openai.tools import (
    Tools,
    invalid,
    offered,
    read_function,
    read_mode,
    read_word,
    without_tools,
)
from gateway.dialects.recurring import Recurring

__all__ = ["RECURRING", "Offer", "echo_tools", "read_choice", "read_tools"]

# Tools that OpenAI runs itself, or that only its models know. Codex sends some with every request.
HOSTED = frozenset(
    (
        "apply_patch",
        "code_interpreter",
        "computer",
        "computer_use",
        "computer_use_preview",
        "custom",
        "file_search",
        "image_generation",
        "local_shell",
        "namespace",
        "programmatic_tool_calling",
        "shell",
        "tool_search",
    )
)

TOOLS = msgspec.json.Decoder(list[Raw] | None)
KIND = msgspec.json.Decoder(wire.Tool)
FUNCTION = RequestDecoder[wire.FunctionTool](wire.FunctionTool)


class Hosted(Struct, frozen=True):
    """A tool that is left out: which one, and where it stands in the request."""

    type: str
    at: str


class Offer(Struct, frozen=True):
    """What is made of the tools of a request; `unknown` are fields that a tool does not have."""

    tools: Tools = ()
    hosted: tuple[Hosted, ...] = ()
    unknown: tuple[str, ...] = ()


NOTHING = Offer()


def read_tools(tools: Raw, notes: Notes) -> Offer:
    """The tools; those of the last requests are remembered by their very bytes."""
    if tools is wire.ABSENT:
        return NOTHING
    offer = RECURRING.made(tools)
    for hosted in offer.hosted:
        if notes.strict:
            raise not_here(hosted)
        notes.ignore(hosted.at)
    for place in offer.unknown:
        notes.ignore(place, why="is no field of this API")
    return offer


def decode_tools(text: bytes) -> Offer:
    tools: list[ToolDefinition] = []
    hosted: list[Hosted] = []
    unknown: list[str] = []
    for index, raw in enumerate(decode_part(TOOLS, text, "tools") or ()):
        at = f"tools[{index}]"
        kind = decode_part(KIND, raw, at).type
        if kind == "function":
            function, fields = FUNCTION.decode_part(raw, at)
            tools.append(read_tool(function, at))
            unknown += fields
        elif kind in HOSTED or kind.startswith("web_search"):
            hosted.append(Hosted(kind, at))
        else:
            raise unsupported(f"Tools of type '{kind[:64]}' are not supported.", f"{at}.type")
    return Offer(tuple(tools), tuple(hosted), tuple(unknown))


RECURRING = Recurring("tools", decode_tools)


def read_tool(tool: wire.FunctionTool, at: str) -> ToolDefinition:
    if tool.function is not None:
        raise InvalidRequest(
            f"The fields of '{at}.function' belong beside 'type' in this API.",
            param=f"{at}.function",
            reason="unknown_parameter",
        )
    return read_function(tool, at)


def echo_tools(tools: Tools) -> list[wire.EchoedTool]:
    return [
        wire.EchoedTool(
            name=tool.name,
            description=tool.description or None,
            parameters=tool.parameters,
            strict=tool.strict,
        )
        for tool in tools
    ]


class Chosen(Struct):
    """A tool of a choice. Hosted ones have no name."""

    type: str
    name: str | None = None


class ChoiceObject(Chosen):
    """A function, or `allowed_tools`, which is the only one with the other fields."""

    mode: str = "auto"
    tools: list[Chosen] | None = None


def read_choice(
    choice: str | dict[str, Any] | None, offer: Offer, notes: Notes
) -> tuple[Tools, ToolChoice]:
    """Which tools may be called, and whether one must be."""
    if isinstance(choice, dict):
        return read_choice_object(convert(choice), offer, notes)
    if choice == "required" and offer.hosted and not offer.tools:
        raise not_here(offer.hosted[0])
    return offer.tools, read_word(choice, offer.tools, "tool_choice")


def convert(choice: dict[str, Any]) -> ChoiceObject:
    try:
        return msgspec.convert(choice, ChoiceObject)
    except msgspec.ValidationError as error:
        raise explained(str(error), "tool_choice") from None


def read_choice_object(
    choice: ChoiceObject, offer: Offer, notes: Notes
) -> tuple[Tools, ToolChoice]:
    if choice.type not in ("function", "allowed_tools"):
        for hosted in offer.hosted:
            if hosted.type == choice.type:
                raise not_here(hosted)
        raise unsupported(
            f"A tool choice of type '{choice.type[:64]}' is not supported; 'function' and"
            " 'allowed_tools' are.",
            "tool_choice.type",
        )
    if not offer.tools:
        raise without_tools("tool_choice")
    if choice.type == "function":
        if choice.name is None:
            raise missing("tool_choice.name")
        return offer.tools, NamedTool(offered(choice.name, offer.tools, "tool_choice.name").name)
    if choice.tools is None:
        raise missing("tool_choice.tools")
    allowed = read_allowed(choice.tools, offer.tools, notes)
    return allowed, read_mode(choice.mode, "tool_choice.mode")


def read_allowed(allowed: list[Chosen], tools: Tools, notes: Notes) -> Tools:
    names = set()
    for index, chosen in enumerate(allowed):
        at = f"tool_choice.tools[{index}]"
        if chosen.type != "function":
            notes.ignore(at)
        elif chosen.name is None:
            raise missing(f"{at}.name")
        else:
            names.add(offered(chosen.name, tools, f"{at}.name").name)
    if not names:
        raise invalid("tool_choice.tools", "no function is allowed; use 'none'.")
    return tuple([tool for tool in tools if tool.name in names])


def not_here(hosted: Hosted) -> Unsupported:
    return unsupported(f"There is no tool '{hosted.type}' here.", f"{hosted.at}.type")


def unsupported(message: str, param: str) -> Unsupported:
    return Unsupported(message, param=param, reason="unsupported_value")
