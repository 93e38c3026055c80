"""What Ollama takes: a struct for each endpoint, as lenient and as strict as it is itself."""

from typing import Any, Literal

from msgspec import Struct

from adapters.simulator.encoding import quote
from adapters.simulator.gojson import BadJSON, EmptyBody, decode
from adapters.simulator.gotypes import (
    Place,
    Reader,
    WrongType,
    anything,
    array,
    base64_bytes,
    boolean,
    integer,
    mapping,
    members,
    text,
)
from adapters.simulator.refusals import Refused
from adapters.simulator.times import FOREVER, SECOND, parse_duration
from adapters.simulator.tools import Tool, read_tool

__all__ = [
    "ChatRequest",
    "CopyRequest",
    "CreateRequest",
    "EmbedRequest",
    "EmbeddingsRequest",
    "GenerateRequest",
    "Message",
    "ModelRequest",
    "Think",
    "ToolCall",
    "read_chat",
    "read_copy",
    "read_create",
    "read_embed",
    "read_embeddings",
    "read_generate",
    "read_model",
]

Think = bool | Literal["low", "medium", "high", "max"] | None

_VALUES = '"high", "medium", "low", "max", true, or false'


class ToolCall(Struct, frozen=True):
    name: str = ""
    arguments: dict[str, Any] = {}
    id: str = ""


class Message(Struct, frozen=True):
    role: str = ""
    content: str = ""
    thinking: str = ""
    images: tuple[bytes, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str = ""
    tool_call_id: str = ""


class _Generating(Struct, frozen=True, kw_only=True):
    """The fields that chat and generate share; `keep_alive` is in nanoseconds."""

    model: str = ""
    stream: bool = True
    format: Any = None
    think: Think = None
    options: dict[str, Any] = {}
    keep_alive: int | None = None
    truncate: bool = True
    shift: bool | None = None
    logprobs: bool = False
    top_logprobs: int = 0
    debug_render_only: bool = False


class ChatRequest(_Generating, frozen=True, kw_only=True):
    messages: tuple[Message, ...] = ()
    tools: tuple[Tool, ...] = ()


class GenerateRequest(_Generating, frozen=True, kw_only=True):
    prompt: str = ""
    suffix: str = ""
    system: str = ""
    template: str = ""
    raw: bool = False
    context: tuple[int, ...] = ()
    images: tuple[bytes, ...] = ()
    width: int = 0
    height: int = 0
    steps: int = 0


class EmbedRequest(Struct, frozen=True, kw_only=True):
    model: str = ""
    input: Any = None
    truncate: bool = True
    dimensions: int = 0
    options: dict[str, Any] = {}
    keep_alive: int | None = None


class EmbeddingsRequest(Struct, frozen=True, kw_only=True):
    model: str = ""
    prompt: str = ""
    options: dict[str, Any] = {}
    keep_alive: int | None = None


class ModelRequest(Struct, frozen=True, kw_only=True):
    """Show, delete, pull and push."""

    model: str = ""
    verbose: bool = False
    stream: bool = True


class CopyRequest(Struct, frozen=True, kw_only=True):
    source: str = ""
    destination: str = ""


class CreateRequest(Struct, frozen=True, kw_only=True):
    """`files` maps names of files to the digests of uploaded blobs."""

    model: str = ""
    origin: str = ""
    files: dict[str, str] = {}
    template: str = ""
    system: str = ""
    parameters: dict[str, Any] = {}
    renderer: str = ""
    parser: str = ""
    stream: bool = True


def _keep_alive(value: Any, place: Place) -> int:
    match value:
        case bool():
            raise WrongType("Unsupported type: 'bool'")
        case int() | float():
            return FOREVER if value < 0 else int(min(value * SECOND, FOREVER))
        case str():
            try:
                duration = parse_duration(value)
            except ValueError as error:
                raise WrongType(str(error)) from None
            return FOREVER if duration < 0 else duration
        case list():
            raise WrongType("Unsupported type: '[]interface {}'")
        case _:
            raise WrongType("Unsupported type: 'map[string]interface {}'")


def _think(value: Any, place: Place) -> Think:
    match value:
        case bool() | "low" | "medium" | "high" | "max":
            return value
        case str():
            raise WrongType(f"invalid think value: {quote(value)} (must be {_VALUES})")
        case _:
            raise WrongType(f"think must be a boolean or string ({_VALUES})")


def _arguments(value: Any, place: Place) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise WrongType("Value looks like object, but can't find closing '}' symbol")


_FUNCTION: dict[str, Reader] = {"index": integer, "name": text, "arguments": _arguments}


def _function(value: Any, place: Place) -> dict[str, Any]:
    return members(value, place, _FUNCTION, "api.ToolCallFunction")


def _tool_call(value: Any, place: Place) -> ToolCall:
    found = members(value, place, {"id": text, "function": _function}, "api.ToolCall")
    function = found.get("function", {})
    return ToolCall(function.get("name", ""), function.get("arguments", {}), found.get("id", ""))


_MESSAGE: dict[str, Reader] = {
    "role": text,
    "content": text,
    "thinking": text,
    "images": array(base64_bytes, "[]api.ImageData"),
    "tool_calls": array(_tool_call, "[]api.ToolCall"),
    "tool_name": text,
    "tool_call_id": text,
}


def _message(value: Any, place: Place) -> Message:
    found = members(value, place, _MESSAGE, "api.Alias")
    found["role"] = found.get("role", "").lower()
    return Message(**found)


_SHARED: dict[str, Reader] = {
    "model": text,
    "stream": boolean,
    "format": anything,
    "think": _think,
    "options": mapping,
    "keep_alive": _keep_alive,
    "truncate": boolean,
    "shift": boolean,
    "logprobs": boolean,
    "top_logprobs": integer,
    "_debug_render_only": boolean,
}
_CHAT: dict[str, Reader] = {
    **_SHARED,
    "messages": array(_message, "[]api.Message"),
    "tools": array(read_tool, "api.Tools"),
}
_GENERATE: dict[str, Reader] = {
    **_SHARED,
    "prompt": text,
    "suffix": text,
    "system": text,
    "template": text,
    "raw": boolean,
    "context": array(integer, "[]int"),
    "images": array(base64_bytes, "[]api.ImageData"),
    "width": integer,
    "height": integer,
    "steps": integer,
}
_EMBED: dict[str, Reader] = {
    "model": text,
    "input": anything,
    "truncate": boolean,
    "dimensions": integer,
    "options": mapping,
    "keep_alive": _keep_alive,
}
_EMBEDDINGS: dict[str, Reader] = {
    "model": text,
    "prompt": text,
    "options": mapping,
    "keep_alive": _keep_alive,
}
_MODEL: dict[str, Reader] = {"model": text, "name": text, "verbose": boolean, "stream": boolean}
_COPY: dict[str, Reader] = {"source": text, "destination": text}


def _digests(value: Any, place: Place) -> dict[str, str]:
    if not isinstance(value, dict):
        raise place.wrong(value, "map[string]string")
    return {name: text(digest, place) for name, digest in value.items()}


_CREATE: dict[str, Reader] = {
    "model": text,
    "name": text,
    "from": text,
    "files": _digests,
    "template": text,
    "system": text,
    "parameters": mapping,
    "renderer": text,
    "parser": text,
    "stream": boolean,
}


def _read(body: bytes, struct: str, fields: dict[str, Reader]) -> dict[str, Any]:
    try:
        return members(decode(body), Place(struct), fields, f"api.{struct}")
    except EmptyBody:
        raise Refused(400, "missing request body") from None
    except (BadJSON, WrongType) as error:
        raise Refused(400, str(error)) from None


def _generating(body: bytes, struct: str, fields: dict[str, Reader]) -> dict[str, Any]:
    found = _read(body, struct, fields)
    if "_debug_render_only" in found:
        found["debug_render_only"] = found.pop("_debug_render_only")
    if not 0 <= found.get("top_logprobs", 0) <= 20:
        raise Refused(400, "top_logprobs must be between 0 and 20")
    return found


def _named(found: dict[str, Any]) -> dict[str, Any]:
    """`name` is the old spelling of `model`."""
    name = found.pop("name", "")
    found["model"] = found.get("model") or name
    return found


def read_chat(body: bytes) -> ChatRequest:
    return ChatRequest(**_generating(body, "ChatRequest", _CHAT))


def read_generate(body: bytes) -> GenerateRequest:
    return GenerateRequest(**_generating(body, "GenerateRequest", _GENERATE))


def read_embed(body: bytes) -> EmbedRequest:
    return EmbedRequest(**_read(body, "EmbedRequest", _EMBED))


def read_embeddings(body: bytes) -> EmbeddingsRequest:
    return EmbeddingsRequest(**_read(body, "EmbeddingRequest", _EMBEDDINGS))


def read_model(body: bytes, struct: str) -> ModelRequest:
    return ModelRequest(**_named(_read(body, struct, _MODEL)))


def read_copy(body: bytes) -> CopyRequest:
    return CopyRequest(**_read(body, "CopyRequest", _COPY))


def read_create(body: bytes) -> CreateRequest:
    found = _named(_read(body, "CreateRequest", _CREATE))
    found["origin"] = found.pop("from", "")
    return CreateRequest(**found)
