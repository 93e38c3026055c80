"""Tools as Ollama is shown them: what it would drop of their schemas goes into descriptions."""

import msgspec
from msgspec import Raw

from adapters.ollama import wire
from adapters.ollama.schemas import Misshapen, TooLarge, kept
from gateway.core.errors import InvalidRequest
from gateway.core.remembered import Remembered
from gateway.core.requests import ToolDefinition, small

__all__ = ["rendered"]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

# Ollama shows templates `"properties": null` for a tool that declares none.
_NO_PARAMETERS = Raw(b'{"type":"object","properties":{}}')


def _tool(tool: ToolDefinition) -> wire.Tool:
    if bytes(tool.parameters).strip(b"{} \t\r\n") == b"":
        return wire.Tool(wire.Function(tool.name, tool.description, _NO_PARAMETERS))
    try:
        schema = _decode(tool.parameters)
        found, description = kept(schema, tool.name, tool.description)
        parameters = tool.parameters if found == schema else Raw(_encode(found))
    except Misshapen as wrong:
        raise InvalidRequest(
            f"The parameters of the tool '{tool.name}' cannot be shown to a model: {wrong}.",
            param="tools",
            reason="invalid_type",
        ) from None
    except (RecursionError, TooLarge, msgspec.ValidationError):
        # Deeper, larger or with longer numbers than anyone writes: Ollama may judge it.
        return wire.Tool(wire.Function(tool.name, tool.description, tool.parameters))
    return wire.Tool(wire.Function(tool.name, description, parameters))


def _rendered(tools: tuple[ToolDefinition, ...]) -> Raw:
    return Raw(_encode([_tool(tool) for tool in tools]))


rendered = Remembered(_rendered, small)
"""The JSON of these tools; `InvalidRequest` for a schema that Ollama could not read."""
