"""The messages of a request, and the order in which tool calls and their results must stand."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

from msgspec import Raw

from gateway.core.errors import LONGEST_NAME, Invalid, InvalidRequest, Unsupported
from gateway.core.messages import (
    AssistantMessage,
    Content,
    ContentPart,
    JSONTextPart,
    Message,
    SystemMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    text,
)
from gateway.core.notes import Notes
from gateway.dialects.decoding import RequestDecoder, missing
from gateway.dialects.openai.chat import wire
from gateway.dialects.openai.images import read_image
from gateway.dialects.openai.sounds import read_sound
from gateway.dialects.openai.tools import read_arguments

__all__ = ["read_messages"]

# How a JSON string, a list and null begin.
QUOTE, BRACKET, NULL = b'"[n'

MOST_IDS = 8

PARTS = RequestDecoder[list[wire.Part]](list[wire.Part])


def read_messages(
    messages: list[wire.RequestMessage], notes: Notes, before: Sequence[Message] = ()
) -> tuple[Message, ...]:
    """The conversation in core terms; `InvalidRequest` where it could not have happened. What was
    said `before` is no part of it, but its last calls may be answered.

    OpenAI writes a place in the conversation as `messages.[3].role`, a place in the schema as
    `messages[3].role`; clients match on the prefix.
    """
    names: dict[str, str] = open_calls(before) if before else {}
    unanswered: dict[str, int] = dict.fromkeys(names, 1)
    asked_at = 0
    read: list[Message] = []
    for index, message in enumerate(messages):
        if message.role == "tool":
            read.append(tool_result(message, index, names, notes))
            answer(message, index, unanswered)
            continue
        if unanswered:
            break
        if message.role == "function":
            read.append(function_result(message, index, read, notes))
            continue
        if message.name is not None:
            notes.ignore(f"messages[{index}].name")
        read.append(spoken(message, index, notes))
        if message.tool_calls:
            asked_at = index
            unanswered = Counter([call.id for call in message.tool_calls])
            names |= {call.id: call.function.name for call in message.tool_calls}
    if unanswered:
        raise left_unanswered(asked_at, unanswered)
    return tuple(read)


def open_calls(before: Sequence[Message]) -> dict[str, str]:
    """The calls at the end that have no result: the name of the tool by the id of the call."""
    results: set[str] = set()
    for message in reversed(before):
        if isinstance(message, ToolMessage):
            results.add(message.call_id)
        elif isinstance(message, AssistantMessage):
            return {call.id: call.name for call in message.tool_calls if call.id not in results}
        else:
            break
    return {}


def answer(message: wire.RequestMessage, index: int, unanswered: dict[str, int]) -> None:
    """Strike the call that this tool message answers off the list."""
    call_id = message.tool_call_id or ""
    if call_id not in unanswered:
        raise InvalidRequest(
            "A message with role 'tool' must respond to a preceding message with 'tool_calls'.",
            param=f"messages.[{index}].role",
        )
    unanswered[call_id] -= 1
    if not unanswered[call_id]:
        del unanswered[call_id]


def left_unanswered(index: int, ids: Iterable[str]) -> Invalid:
    shown = ", ".join([call_id[:LONGEST_NAME] for call_id in islice(ids, MOST_IDS)])
    return InvalidRequest(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to"
        f" each 'tool_call_id'. These have no response: {shown}.",
        param=f"messages.[{index}].role",
    )


def spoken(message: wire.RequestMessage, index: int, notes: Notes) -> Message:
    """A message that is no result. `developer` is today's name of `system`, in its place."""
    match message.role:
        case "system" | "developer":
            return SystemMessage(read_content(message.content, index, notes, "text"))
        case "user":
            return UserMessage(
                read_content(message.content, index, notes, "text", "image_url", "input_audio")
            )
        case _:
            return assistant(message, index, notes)


def assistant(message: wire.RequestMessage, index: int, notes: Notes) -> AssistantMessage:
    """An answer of the past. Clients leave `content` out beside tool calls (haystack)."""
    at = f"messages[{index}]"
    if message.audio is not None:
        raise Unsupported("'audio' is not supported in messages.", param=f"{at}.audio")
    said = message.content
    content = () if said is wire.ABSENT else read_content(said, index, notes, "text", "refusal")
    calls = [
        read_call(call, f"{at}.tool_calls[{number}]")
        for number, call in enumerate(message.tool_calls or ())
    ]
    if (old := message.function_call) is not None:
        call = wire.RequestToolCall(f"call_of_message_{index}", old)
        calls.append(read_call(call, f"{at}.function_call"))
    return AssistantMessage(
        content or text(message.refusal or ""),
        message.reasoning_content or message.reasoning or "",
        tuple(calls),
    )


def read_call(call: wire.RequestToolCall, at: str) -> ToolCall:
    if call.type != "function":
        raise Unsupported(
            "Only tool calls of type 'function' are supported.",
            param=f"{at}.type",
            reason="unsupported_value",
        )
    arguments = call.function.arguments
    if isinstance(arguments, str):
        arguments = read_arguments(arguments, f"{at}.function.arguments")
    return ToolCall(call.id, call.function.name, arguments)


def tool_result(
    message: wire.RequestMessage, index: int, names: dict[str, str], notes: Notes
) -> ToolMessage:
    call_id = message.tool_call_id
    if call_id is None:
        raise missing(f"messages[{index}].tool_call_id")
    content = read_content(message.content, index, notes, "text")
    return ToolMessage(content, call_id, names.get(call_id, message.name or ""))


def function_result(
    message: wire.RequestMessage, index: int, before: list[Message], notes: Notes
) -> ToolMessage:
    """A result in its old form, which names the function and stands right behind its call."""
    match before[-1:]:
        case [AssistantMessage(tool_calls=[*_, call])] if call.name == message.name:
            content = read_content(message.content, index, notes, "text")
            return ToolMessage(content, call.id, call.name)
    raise InvalidRequest(
        "A message with role 'function' must follow a message whose 'function_call' has its name.",
        param=f"messages.[{index}].role",
    )


def read_content(content: Raw, index: int, notes: Notes, *types: str) -> Content:
    """A string, which is not decoded, a list of parts of these types, or null: nothing said."""
    first = memoryview(content)[0] if content is not wire.ABSENT else None
    if first == QUOTE:
        return (JSONTextPart(content),)
    at = f"messages[{index}].content"
    if first == BRACKET:
        parts, unknown = PARTS.decode_part(content, at)
        for place in unknown:
            notes.ignore(place, why="is no field of this API")
        return tuple(read_part(part, f"{at}[{i}]", types, notes) for i, part in enumerate(parts))
    if first == NULL:
        return ()
    if first is None:
        raise missing(at)
    raise InvalidRequest(
        f"Invalid '{at}': expected a string, a list of parts or null.",
        param=at,
        reason="invalid_type",
    )


def read_part(part: wire.Part, at: str, types: tuple[str, ...], notes: Notes) -> ContentPart:
    if part.type not in types:
        raise Unsupported(
            f"Parts of type '{part.type}' are not supported here; these are: {', '.join(types)}.",
            param=f"{at}.type",
            reason="unsupported_value",
        )
    match part:
        case (
            wire.Part(type="text", text=str(value)) | wire.Part(type="refusal", refusal=str(value))
        ):
            return TextPart(value)
        case wire.Part(type="image_url", image_url=wire.ImageURL(url, detail)):
            if detail not in (None, "auto"):
                notes.ignore(f"{at}.image_url.detail")
            return read_image(url, f"{at}.image_url.url")
        case wire.Part(type="image_url", image_url=str(url)):
            return read_image(url, f"{at}.image_url")
        case wire.Part(type="input_audio", input_audio=wire.InputAudio(data, claimed)):
            return read_sound(data, claimed, f"{at}.input_audio")
    raise missing(f"{at}.{part.type}")
