"""Messages as they stand in a file, read and written.

A message of ours or of mochi-coco is decoded as one of the structs in one go. Whatever else comes
(keys of other programs, nulls, wrong types) fails there and is looked at key by key.
"""

from hashlib import blake2b
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct, ValidationError, convert

from extensions.sessions.clock import normal_time
from extensions.sessions.fitting import Tokens, fitting, tokens_from
from extensions.sessions.mending import sendable
from extensions.sessions.session import (
    AssistantMessage,
    Call,
    Message,
    SystemMessage,
    ToolMessage,
    UserMessage,
)

__all__ = ["Background", "Unreadable", "message_of", "record_of"]


class Unreadable(ValueError):
    """These bytes are no session file, for the reason given. They must not be overwritten."""


class Background(Struct, frozen=True):
    """What a message takes from its session where it says nothing itself."""

    session_id: str
    model: str
    time: str


Index = Annotated[int, Meta(ge=0)]


class Function(Struct, forbid_unknown_fields=True):
    name: str
    arguments: dict[str, Any]


class CallRecord(Struct, forbid_unknown_fields=True):
    function: Function


class Record(Struct, kw_only=True, tag_field="role", forbid_unknown_fields=True):
    """A message in a file; the fields stand in the order of the keys.

    What has no default is always written, `null` included. Fields of type `None` are those that
    mochi-coco writes on assistant and tool messages alike.
    """


class SystemRecord(Record, tag="system", omit_defaults=True):
    content: str
    source_file: str | None
    message_id: str
    timestamp: str


class UserRecord(Record, tag="user", omit_defaults=True):
    content: str
    message_id: str
    timestamp: str


class AssistantRecord(Record, kw_only=True, tag="assistant", omit_defaults=True):
    content: str
    model: str
    message_id: str
    timestamp: str
    eval_count: Tokens | None
    prompt_eval_count: Tokens | None
    thinking: str | None = ""
    tool_calls: tuple[CallRecord, ...] | None
    tool_name: None = None


class ToolRecord(Record, kw_only=True, tag="tool", omit_defaults=True):
    tool_name: str
    content: str
    message_id: str
    timestamp: str
    answers: Index | None = None
    model: None = None
    eval_count: None = None
    prompt_eval_count: None = None
    tool_calls: None = None


AnyRecord = SystemRecord | UserRecord | AssistantRecord | ToolRecord

RECORD = msgspec.json.Decoder(AnyRecord)
OBJECT = msgspec.json.Decoder(dict[str, Any])

NOTHING_WHEN_NULL = {"source_file", "thinking"} | set(
    AssistantRecord.__struct_fields__ + ToolRecord.__struct_fields__
)


def message_of(raw: Raw, index: int, background: Background) -> Message:
    """The message that stands at this index of a file.

    `Unreadable` if what was said, or by whom, cannot be told: that is never guessed.
    """
    try:
        return from_record(RECORD.decode(raw), {}, background)
    except ValidationError:
        pass
    try:
        found = OBJECT.decode(raw)
        record = record_from(found, index, background)
    except ValidationError as error:
        raise Unreadable(f"message {index} is no message: {error}") from None
    return from_record(record, found, background)


def from_record(record: AnyRecord, extra: dict[str, Any], background: Background) -> Message:
    content, id = record.content, record.message_id
    timestamp = normal_time(record.timestamp, background.time)
    match record:
        case UserRecord():
            return UserMessage(id=id, timestamp=timestamp, content=content, extra=extra)
        case AssistantRecord():
            return AssistantMessage(
                id=id,
                timestamp=timestamp,
                content=content,
                extra=extra,
                model=record.model,
                eval_count=record.eval_count,
                prompt_eval_count=record.prompt_eval_count,
                thinking=record.thinking or "",
                calls=tuple([call_of(call.function) for call in record.tool_calls or ()]),
            )
        case ToolRecord(tool_name=name, answers=index):
            return ToolMessage(
                id=id,
                timestamp=timestamp,
                content=content,
                extra=extra,
                tool_name=name,
                answers=index,
            )
        case SystemRecord(source_file=file):
            return SystemMessage(
                id=id, timestamp=timestamp, content=content, extra=extra, source_file=file
            )


def call_of(function: Function) -> Call:
    return Call(function.name, sendable(function.arguments))


def record_from(found: dict[str, Any], index: int, background: Background) -> AnyRecord:
    """The record that an object with other keys or values comes to; what is left in `found` are
    keys of other programs."""
    for key in [key for key in NOTHING_WHEN_NULL & found.keys() if found[key] is None]:
        del found[key]
    entry = {
        "content": found.pop("content", ""),
        "message_id": fitting(found.pop("message_id", None), str, "")
        or made_id(background.session_id, index),
        "timestamp": fitting(found.pop("timestamp", None), str, background.time),
    }
    if not isinstance(entry["content"], str):
        raise Unreadable(f"the content of message {index} is no text")
    match found.pop("role", None):
        case "system":
            file = fitting(found.pop("source_file", None), str, None)
            return SystemRecord(source_file=file, **entry)
        case "user":
            return UserRecord(**entry)
        case "assistant":
            return AssistantRecord(
                model=fitting(found.pop("model", None), str, background.model),
                eval_count=tokens_from(found.pop("eval_count", None)),
                prompt_eval_count=tokens_from(found.pop("prompt_eval_count", None)),
                thinking=fitting(found.pop("thinking", None), str, ""),
                tool_calls=calls_from(found.pop("tool_calls", None)),
                **entry,
            )
        case "tool":
            return ToolRecord(
                tool_name=fitting(found.pop("tool_name", None), str, ""),
                answers=tokens_from(found.pop("answers", None)),
                **entry,
            )
    raise Unreadable(f"message {index} is of no known role")


def calls_from(found: Any) -> tuple[CallRecord, ...]:
    """`ValidationError` for what are no calls."""
    calls = [call_from(call) for call in found] if isinstance(found, list) else found or ()
    return convert(calls, tuple[CallRecord, ...])


def call_from(found: Any) -> Any:
    """A call with nothing but a name and an object of arguments; anything else as it is."""
    match found:
        case {"function": {"name": name, **rest}}:
            return {"function": {"name": name, "arguments": arguments_from(rest.get("arguments"))}}
    return found


def arguments_from(found: Any) -> dict[str, Any]:
    """Arguments as an object; other ones become the value of a single argument, so as not to be
    lost."""
    match found:
        case dict():
            return found
        case None | "":
            return {}
        case str():
            try:
                return OBJECT.decode(found)
            except (msgspec.DecodeError, UnicodeError):
                return {"arguments": found}
    return {"arguments": found}


def made_id(session_id: str, index: int) -> str:
    """An id for a message that has none: the same one each time that the file is read."""
    return blake2b(f"{session_id}/{index}".encode(), digest_size=5).hexdigest()


def record_of(message: Message) -> AnyRecord | dict[str, Any]:
    """The message as it is encoded."""
    record = to_record(message)
    return {**msgspec.to_builtins(record), **message.extra} if message.extra else record


def to_record(message: Message) -> AnyRecord:
    content, id, timestamp = message.content, message.id, message.timestamp
    match message:
        case UserMessage():
            return UserRecord(content=content, message_id=id, timestamp=timestamp)
        case AssistantMessage():
            calls = [CallRecord(Function(call.name, call.arguments)) for call in message.calls]
            return AssistantRecord(
                content=content,
                model=message.model,
                message_id=id,
                timestamp=timestamp,
                eval_count=message.eval_count,
                prompt_eval_count=message.prompt_eval_count,
                thinking=message.thinking,
                tool_calls=tuple(calls) or None,
            )
        case ToolMessage(tool_name=name, answers=index):
            return ToolRecord(
                tool_name=name,
                content=content,
                message_id=id,
                timestamp=timestamp,
                answers=index,
            )
        case SystemMessage(source_file=file):
            return SystemRecord(
                content=content, source_file=file, message_id=id, timestamp=timestamp
            )
