"""Functions that a model may call, and choices among them, in the words that all APIs share."""

from typing import Any

import msgspec
from msgspec import Raw

from gateway.core.errors import InvalidRequest
from gateway.core.requests import ToolChoice, ToolDefinition
from gateway.dialects.openai.wire import ABSENT, FunctionDefinition

__all__ = [
    "Tools",
    "invalid",
    "json_object",
    "offered",
    "read_arguments",
    "read_function",
    "read_mode",
    "read_word",
    "without_tools",
]

NO_PARAMETERS = Raw(b'{"type":"object","properties":{}}')
ARGUMENTS = msgspec.json.Decoder(dict[str, Any])

Tools = tuple[ToolDefinition, ...]


def read_function(function: FunctionDefinition, at: str) -> ToolDefinition:
    return ToolDefinition(
        function.name,
        function.description or "",
        json_object(function.parameters, f"{at}.parameters") or NO_PARAMETERS,
        function.strict or False,
    )


def json_object(raw: Raw, param: str) -> Raw | None:
    """The text of a JSON object, unread; `None` when it is absent or null."""
    if raw is ABSENT:
        return None
    match memoryview(raw)[0:1].tobytes():
        case b"{":
            return raw
        case b"n":
            return None
    raise InvalidRequest(
        f"Invalid '{param}': expected a JSON Schema object.", param=param, reason="invalid_type"
    )


def read_arguments(text: str, param: str) -> dict[str, Any]:
    """The arguments of a call of the past, which stand in the request as JSON in a string."""
    try:
        return ARGUMENTS.decode(text) if text.strip() else {}
    except (msgspec.DecodeError, RecursionError):
        raise InvalidRequest(
            "The arguments of a tool call must be a JSON object in a string.",
            param=param,
            reason="invalid_value",
        ) from None


def read_word(choice: str | None, tools: Tools, param: str) -> ToolChoice:
    """The choice that is one word.

    Without tools `auto` and `none` ask for what happens anyway; `required` is a mistake.
    """
    match choice:
        case None | "auto":
            return "auto"
        case "none":
            return "none"
        case "required" if param == "tool_choice":
            if not tools:
                raise without_tools(param)
            return "required"
    words = "'none', 'auto' and 'required'" if param == "tool_choice" else "'none' and 'auto'"
    raise invalid(param, f"'{choice[:64]}' is none of {words}.")


def read_mode(mode: str, param: str) -> ToolChoice:
    """Whether one of the `allowed_tools` must be called."""
    if mode == "required":
        return "required"
    if mode == "auto":
        return "auto"
    raise invalid(param, "'auto' and 'required' are the modes.")


def offered(name: str, tools: Tools, param: str) -> ToolDefinition:
    for tool in tools:
        if tool.name == name:
            return tool
    raise invalid(param, f"no tool of the name '{name[:64]}' is offered.")


def without_tools(param: str) -> InvalidRequest:
    what = "tools" if param == "tool_choice" else "functions"
    return InvalidRequest(f"'{param}' is only allowed when {what} are specified.", param=param)


def invalid(param: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid '{param}': {why}", param=param, reason="invalid_value")
