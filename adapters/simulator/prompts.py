"""What fits in the window, and how many tokens it is."""

from collections.abc import Sequence
from typing import Any

from adapters.simulator.encoding import encode
from adapters.simulator.models import Model
from adapters.simulator.refusals import EngineRefused, exceeds_context
from adapters.simulator.requests import GenerateRequest, Message
from adapters.simulator.tokens import count
from adapters.simulator.tools import Tool

__all__ = ["conversation", "fitted", "rendered_messages", "rendered_prompt", "squeezed"]

_IMAGE = 768  # tokens that Ollama reckons an image with
_NATIVE_OVERHEAD = 4  # role and separators of one message
_RENDERED_OVERHEAD = 1


def conversation(model: Model, messages: Sequence[Message]) -> list[Message]:
    """The model's own system prompt stands first where the request has none."""
    if model.system and messages[0].role != "system":
        return [Message(role="system", content=model.system), *messages]
    return list(messages)


def fitted(
    model: Model,
    messages: list[Message],
    tools: Sequence[Tool],
    window: int,
    *,
    truncate: bool,
    shift: bool,
    keep: int,
) -> tuple[list[Message], int]:
    """The messages that the model gets to see, and the tokens they are.

    Without `truncate` nothing is dropped. With it the oldest go, in silence; system messages and
    the last one stay. What is still too long is refused by the engine, or loses its middle.
    """
    if truncate:
        messages = _newest(model, messages, tools, window)
    size = _size(model, messages, tools)
    if size < window:
        return messages, size
    if model.path == "native" or not truncate:
        raise exceeds_context(size, window)
    return messages, squeezed(window, keep, shift=shift)


def squeezed(window: int, keep: int, *, shift: bool) -> int:
    """The tokens left of a rendered prompt that lost its middle."""
    if not shift:
        raise EngineRefused(
            400,
            "the prompt is longer than the context length currently available to the model",
        )
    keep = max(0, min(keep, window))
    return window - (window - keep) // 2


def _newest(
    model: Model, messages: list[Message], tools: Sequence[Tool], window: int
) -> list[Message]:
    sizes = [_message_size(model, message) for message in messages]
    size = _tools_size(tools) + sum(sizes)
    dropped: set[int] = set()
    for index, message in enumerate(messages[:-1]):
        if size <= window:
            break
        if message.role != "system":
            dropped.add(index)
            size -= sizes[index]
    return [message for index, message in enumerate(messages) if index not in dropped]


def _size(model: Model, messages: Sequence[Message], tools: Sequence[Tool]) -> int:
    return _tools_size(tools) + sum(_message_size(model, message) for message in messages)


def _message_size(model: Model, message: Message) -> int:
    native = model.path == "native"
    calls = sum(
        count(encode(call.arguments).decode()) + count(call.name) for call in message.tool_calls
    )
    # thinking in the history is dropped on the native path
    thinking = 0 if native else count(message.thinking)
    overhead = _NATIVE_OVERHEAD if native else _RENDERED_OVERHEAD
    return overhead + count(message.content) + thinking + calls + _IMAGE * len(message.images)


def _tools_size(tools: Sequence[Tool]) -> int:
    described = [
        {"name": t.name, "description": t.description, "parameters": t.parameters} for t in tools
    ]
    return count(encode(described).decode()) if described else 0


def rendered_messages(messages: Sequence[Message]) -> str:
    return "\n".join(f"{message.role}: {message.content}" for message in messages)


def rendered_prompt(model: Model, request: GenerateRequest) -> str:
    """What `/api/generate` gives to the model; a request may bring a template of its own."""
    if request.raw:
        return request.prompt
    if request.suffix:
        return f"<|fim_prefix|>{request.prompt}<|fim_suffix|>{request.suffix}<|fim_middle|>"
    system = request.system or model.system
    if request.template:
        return _filled(request.template, {".Prompt": request.prompt, ".System": system})
    messages = [Message(role="user", content=request.prompt)]
    if system:
        messages.insert(0, Message(role="system", content=system))
    return rendered_messages(messages)


def _filled(template: str, values: dict[str, Any]) -> str:
    """The two variables of a Go template; everything else between braces vanishes."""
    text, position = "", 0
    while (start := template.find("{{", position)) >= 0:
        end = template.find("}}", start)
        if end < 0:
            raise EngineRefused(500, "template: :1: unclosed action")
        text += template[position:start] + values.get(template[start + 2 : end].strip("- "), "")
        position = end + 2
    return text + template[position:]
