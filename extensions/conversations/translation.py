"""Messages as the core knows them, as items; and items as such messages."""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from extensions.conversations.beside import beside_of
from extensions.conversations.layout import parts_of
from extensions.conversations.projection import with_results
from extensions.sessions.session import AssistantMessage, Message
from gateway.core import messages as core
from gateway.core.notes import Notes
from gateway.dialects.openai.responses import items, parts
from gateway.dialects.openai.responses.conversation import ASKED, read_content, read_messages
from gateway.dialects.openai.responses.input import placed
from gateway.dialects.openai.responses.items import Item

__all__ = ["content_of", "items_from", "messages_from"]

encode = msgspec.json.Encoder().encode


def content_of(message: Message) -> core.Content:
    """The content with the images and sounds that stand beside its text."""
    layout = beside_of(message).parts
    if not layout or isinstance(message, AssistantMessage):
        return core.text(message.content)
    if all(isinstance(entry, int) for entry in layout):
        return core.text(message.content)
    found = parts_of(message.content, layout, parts.InputText)
    return read_content(found, "history", ASKED, Notes())


def messages_from(history: Sequence[Item], answered: Collection[str]) -> list[core.Message]:
    """The items as a model is sent them. The calls at the end of whose results somebody has those
    with the ids `answered` are left without one, any other call gets one."""
    had = {item.call_id for item in history if isinstance(item, items.Result)}
    sent = [*read_messages(placed(with_results(history)), Notes())]
    last = len(sent)
    while last and isinstance(sent[last - 1], core.ToolMessage):
        last -= 1
    results = [
        result
        for result in sent[last:]
        if isinstance(result, core.ToolMessage)
        and (result.call_id in had or result.call_id not in answered)
    ]
    return [*sent[:last], *results]


def items_from(messages: Iterable[core.Message], *, whole: bool = True) -> list[Item]:
    """The messages as items, which have no ids yet. What a model said is incomplete unless it is
    `whole`."""
    return [item for message in messages for item in items_of(message, whole)]


def items_of(message: core.Message, whole: bool) -> list[Item]:
    content = message.content
    match message:
        case core.SystemMessage():
            return [items.Message(role="system", content=heard(content))]
        case core.UserMessage():
            return [items.Message(role="user", content=heard(content))]
        case core.ToolMessage(call_id=call_id):
            return [items.FunctionCallOutput(call_id=call_id, output=core.text_of(content))]
        case core.AssistantMessage():
            return done(message, whole)


def done(message: core.AssistantMessage, whole: bool) -> list[Item]:
    made: list[Item] = []
    status: items.ItemStatus = "completed" if whole else "incomplete"
    if message.thinking:
        made.append(items.Reasoning(summary=[], content=[parts.ReasoningText(message.thinking)]))
    if message.content or not message.tool_calls:
        said: list[parts.Part] = [parts.OutputText(text=core.text_of(message.content))]
        made.append(items.Message(role="assistant", status=status, content=said))
    for call in message.tool_calls:
        arguments = encode(call.arguments).decode()
        made.append(items.FunctionCall(call_id=call.id, name=call.name, arguments=arguments))
    return made


def heard(content: core.Content) -> list[parts.Part]:
    return [part_of(part) for part in content] or [parts.InputText("")]


def part_of(part: core.ContentPart) -> parts.Part:
    match part:
        case core.ImagePart(base64, media_type):
            return parts.InputImage(image_url=f"data:{media_type};base64,{base64}")
        case core.RemoteImagePart(url):
            return parts.InputImage(image_url=url)
        case core.AudioPart(base64, format):
            return parts.InputAudio(parts.AudioData(base64, format))
        case core.TextPart() | core.JSONTextPart():
            return parts.InputText(part.text)
