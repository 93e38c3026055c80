"""From the core to Ollama: what a request looks like on the wire."""

from itertools import takewhile
from typing import Any

import msgspec
from msgspec import Raw

from adapters.ollama import wire
from adapters.ollama.errors import not_fetched
from adapters.ollama.tools import rendered
from gateway.core.errors import InvalidRequest, Unsupported
from gateway.core.messages import (
    AssistantMessage,
    AudioPart,
    Content,
    ImagePart,
    JSONTextPart,
    Message,
    RemoteImagePart,
    SystemMessage,
    TextPart,
    UserMessage,
    text_of,
)
from gateway.core.requests import (
    AnyJSON,
    AnyText,
    ChatRequest,
    CompletionRequest,
    EmbedRequest,
    JSONOf,
    ResponseFormat,
)

__all__ = ["chat", "embed", "messages", "options", "show", "tools"]

_encode = msgspec.json.Encoder().encode

_MEDIA = (ImagePart, RemoteImagePart, AudioPart)
_NO_OPTIONS = wire.Options()
_ANY_VALUE = Raw(
    b'{"anyOf":[{"type":"object"},{"type":"array"},{"type":"string"},{"type":"number"},'
    b'{"type":"boolean"},{"type":"null"}]}'
)
"""What `{}` means, which some of Ollama's paths take for no format at all."""


def chat(request: ChatRequest, num_ctx: int | None = None) -> bytes:
    """The body of `POST /api/chat`, for a context window of `num_ctx` tokens.

    `Unsupported` for a tool choice that Ollama cannot enforce, and for an image not yet fetched.

    `truncate` is always off: a prompt that does not fit becomes an error, where Ollama would drop
    the oldest messages without a word. `shift` is never sent, since changing it between two
    requests makes Ollama load the model again.
    """
    return _encode(
        wire.ChatRequest(
            model=request.model,
            messages=messages(request.messages),
            stream=True,
            truncate=False,
            tools=tools(request),
            format=_format(request.response_format),
            options=options(request, num_ctx),
            think=request.thinking,
            keep_alive=request.keep_alive,
            logprobs=request.logprobs is not None,
            top_logprobs=request.logprobs or 0,
        )
    )


def messages(history: tuple[Message, ...]) -> tuple[wire.Message, ...]:
    """A conversation as Ollama takes it; `Unsupported` for an image not yet fetched."""
    return tuple([_message(message) for message in _one_prompt(history)])


def embed(request: EmbedRequest) -> bytes:
    """The body of `POST /api/embed`."""
    return _encode(
        wire.EmbedRequest(
            request.model,
            request.inputs,
            request.truncate,
            request.dimensions,
            request.options,
            request.keep_alive,
        )
    )


def show(model: str) -> bytes:
    """The body of `POST /api/show`."""
    return _encode(wire.ShowRequest(model))


def _one_prompt(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The system messages before all others as one, a blank line between them.

    Ollama's built-in renderers take the first and drop the rest without a word; its Go templates
    join them in just this way.
    """
    if len(messages) < 2 or not isinstance(messages[1], SystemMessage):
        return messages
    leading = list(takewhile(lambda message: isinstance(message, SystemMessage), messages))
    if len(leading) < 2:
        return messages
    content = list(leading[0].content)
    for message in leading[1:]:
        content += [TextPart(""), *message.content]
    return (SystemMessage(tuple(content)), *messages[len(leading) :])


def _message(message: Message) -> wire.Message:
    said, media = _content(message.content)
    if isinstance(message, UserMessage):
        return wire.Message("user", said, images=media)
    if isinstance(message, SystemMessage):
        return wire.Message("system", said, images=media)
    if isinstance(message, AssistantMessage):
        past = tuple(
            [
                wire.ToolCall(call.id, wire.CalledFunction(call.name, call.arguments))
                for call in message.tool_calls
            ]
        )
        return wire.Message("assistant", said, message.thinking, media, past)
    # Templates look at the name or the order, llama-server at the id: send both.
    return wire.Message(
        "tool", said, images=media, tool_name=message.tool_name, tool_call_id=message.call_id
    )


def _content(content: Content) -> tuple[str | Raw, tuple[str, ...]]:
    """The text parts on lines of their own, and the images, and sounds too: Ollama tells them apart
    by their first bytes. JSON text stays in its spelling, never decoded."""
    if len(content) == 1:
        only = content[0]
        if isinstance(only, JSONTextPart):
            return only.json, ()
        if isinstance(only, TextPart):
            return only.text, ()
    media = tuple([_base64(part) for part in content if isinstance(part, _MEDIA)])
    if any(isinstance(part, JSONTextPart) for part in content):
        return _joined_json(content), media
    return text_of(content), media


def _base64(part: ImagePart | RemoteImagePart | AudioPart) -> str:
    if isinstance(part, RemoteImagePart):
        raise not_fetched(part.param)
    return part.base64


def _joined_json(content: Content) -> Raw:
    pieces: list[bytes] = []
    for part in content:
        match part:
            case TextPart(text):
                pieces.append(_encode(text)[1:-1])
            case JSONTextPart(json):
                pieces.append(bytes(json).strip()[1:-1])
    return Raw(b'"%b"' % b"\\n".join(pieces))


def tools(request: ChatRequest) -> Raw | None:
    """The tools as they are sent, if any are."""
    match request.tool_choice:
        case "none":
            return None
        case "auto":
            return rendered(request.tools) if request.tools else None
    raise Unsupported(
        "Ollama cannot be made to call a tool: use tool_choice 'auto' or 'none'.",
        param="tool_choice",
        reason="unsupported_value",
    )


def _format(wanted: ResponseFormat) -> str | Raw | None:
    match wanted:
        case AnyText():
            return None
        case AnyJSON():
            return "json"
        case JSONOf(schema=schema):
            return schema if bytes(schema).strip(b"{} \t\r\n") else _ANY_VALUE


def options(
    request: ChatRequest | CompletionRequest, num_ctx: int | None
) -> wire.Options | dict[str, Any] | None:
    """Only what was asked for, so that the model's own settings hold for the rest."""
    sampling = request.sampling
    # Ollama takes 0 for no limit or for no answer, depending on the model's template.
    if sampling.max_tokens is not None and sampling.max_tokens < 1:
        raise InvalidRequest(
            "max_tokens must be at least 1.", param="max_tokens", reason="integer_below_min_value"
        )
    asked = wire.Options(
        num_ctx=num_ctx,
        num_predict=sampling.max_tokens,
        temperature=sampling.temperature,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        min_p=sampling.min_p,
        seed=sampling.seed,
        stop=sampling.stop,
        repeat_penalty=sampling.repeat_penalty,
        presence_penalty=sampling.presence_penalty,
        frequency_penalty=sampling.frequency_penalty,
    )
    if request.options:
        return {**msgspec.to_builtins(asked), **request.options}
    return None if asked == _NO_OPTIONS else asked
