"""Messages, the parts of their content, and tool calls."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

__all__ = [
    "AssistantMessage",
    "AudioPart",
    "Content",
    "ContentPart",
    "ImagePart",
    "JSONTextPart",
    "Message",
    "RemoteImagePart",
    "SystemMessage",
    "TextPart",
    "ToolCall",
    "ToolMessage",
    "UserMessage",
    "text",
    "text_of",
]

_decode_string = msgspec.json.Decoder(str).decode


class TextPart(Struct, frozen=True):
    """A piece of text."""

    text: str


class JSONTextPart(Struct, frozen=True):
    """Text still in the JSON spelling it arrived in, quotes and escapes included.

    A prompt of a megabyte that only passes through is never decoded: carrying the JSON string from
    one wire to the other costs a tenth of decoding and encoding it. Whoever needs to read it asks
    for `text`.
    """

    json: Raw

    @property
    def text(self) -> str:
        return _decode_string(self.json)


class ImagePart(Struct, frozen=True):
    """An image: standard base64 without a `data:` prefix, and its media type (`image/png`)."""

    base64: str
    media_type: str


class RemoteImagePart(Struct, frozen=True):
    """An image that nobody has fetched yet: its `http` or `https` URL, unchecked.

    `param` is where the URL stands, in the caller's spelling, for the errors of fetching it.
    """

    url: str
    param: str


class AudioPart(Struct, frozen=True):
    """A sound: standard base64, and its format (`wav`, `mp3`)."""

    base64: str
    format: str


ContentPart = TextPart | JSONTextPart | ImagePart | RemoteImagePart | AudioPart
Content = tuple[ContentPart, ...]


class ToolCall(Struct, frozen=True):
    """One call of a tool, always whole: `arguments` is a parsed JSON object, never a fragment."""

    id: str
    name: str
    arguments: dict[str, Any]


class SystemMessage(Struct, frozen=True, tag_field="role", tag="system"):
    content: Content


class UserMessage(Struct, frozen=True, tag_field="role", tag="user"):
    content: Content


class AssistantMessage(Struct, frozen=True, tag_field="role", tag="assistant"):
    content: Content = ()
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


class ToolMessage(Struct, frozen=True, tag_field="role", tag="tool"):
    """The result of one call, for the model to read. `tool_name` is `""` when nobody knows it."""

    content: Content
    call_id: str
    tool_name: str


Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage


def text(value: str) -> Content:
    """The content that is just this text; no content at all for `""`."""
    return (TextPart(value),) if value else ()


def text_of(content: Sequence[ContentPart]) -> str:
    """The text of a content, its parts on lines of their own; images and sounds have none."""
    if len(content) == 1 and isinstance(only := content[0], TextPart):
        return only.text
    return "\n".join(part.text for part in content if isinstance(part, TextPart | JSONTextPart))
