"""Streams, frame by frame: what a right one has, and what is wrong with any other.

Each reader has `read(data)`, which says whether the frame brought output, and `end()`; both raise
`Wrong`. `usage` is what the server said, if it did.
"""

from typing import Any, Protocol

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gateway.commands.benching.faults import Wrong
from gateway.commands.benching.plan import Load
from gateway.commands.benching.usage import ResponseUsage, Usage, fitting

__all__ = ["StreamReader", "stream_reader"]

DONE = b"[DONE]"


class StreamReader(Protocol):
    usage: Usage | None

    def read(self, data: bytes) -> bool: ...
    def end(self) -> None: ...


class Delta(Struct):
    role: str | None = None
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[Any] | None = None


class Choice(Struct):
    """`text` is that of completions, `delta` that of chat completions."""

    delta: Delta | None = None
    text: str | None = None
    finish_reason: str | None = None


class Chunk(Struct):
    choices: list[Choice] | UnsetType = UNSET
    usage: Usage | None = None
    error: Any = None


class ChunkReader:
    """The chunks of chat completions (`chat`) or completions, which have no roles."""

    def __init__(self, most: int, *, chat: bool) -> None:
        self.usage: Usage | None = None
        self._decode = msgspec.json.Decoder(Chunk).decode
        self._most = most
        self._chat = chat
        self._begun = not chat
        self._brought = False
        self._reason = ""
        self._done = False

    def read(self, data: bytes) -> bool:
        if self._done:
            raise Wrong("more than one [DONE]" if data == DONE else "data after [DONE]", data)
        if data == DONE:
            self._done = True
            return False
        chunk = self._chunk(data)
        if chunk.usage:
            self.usage = chunk.usage
        for choice in chunk.choices or ():
            if self._choice(choice, data):
                self._brought = True
                return True
        return False

    def end(self) -> None:
        for there, kind in (
            (self._done, "no [DONE]"),
            (self._begun, "no role"),
            (self._brought, "no content"),
            (self._reason, "no finish reason"),
        ):
            if not there:
                raise Wrong(kind)
        if self.usage:
            fitting(self.usage, self._most)

    def _chunk(self, data: bytes) -> Chunk:
        try:
            chunk = self._decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise not_as_expected(error, data) from None
        if chunk.error:
            raise Wrong("error in the stream", data)
        if chunk.choices is UNSET:
            raise Wrong("a chunk without choices", data)
        return chunk

    def _choice(self, choice: Choice, data: bytes) -> bool:
        delta = choice.delta
        if delta and delta.role:
            self._begun = True
            if delta.role != "assistant":
                raise Wrong("not the role of the assistant", data)
        brought = bool(
            (
                delta.content
                or delta.reasoning_content
                or delta.reasoning
                or delta.tool_calls
                or delta.refusal
            )
            if delta
            else choice.text and not self._chat
        )
        if brought and self._reason:
            raise Wrong("content after the finish reason", data)
        if choice.finish_reason:
            if self._reason:
                raise Wrong("more than one finish reason", data)
            self._reason = choice.finish_reason
        return brought


class Ending(Struct):
    usage: ResponseUsage | None = None


class Event(Struct):
    type: str
    delta: Any = None
    sequence_number: int | None = None
    response: msgspec.Raw = msgspec.Raw(b"")


class EventReader:
    """The events of a response. They end with `response.completed` or `response.incomplete`; a
    `[DONE]` after that, which some servers add, does no harm."""

    def __init__(self, most: int) -> None:
        self.usage: Usage | None = None
        self._decode = msgspec.json.Decoder(Event).decode
        self._most = most
        self._number = -1
        self._begun = self._brought = self._ended = False

    def read(self, data: bytes) -> bool:
        if data == DONE and self._ended:
            return False
        try:
            event = self._decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise not_as_expected(error, data) from None
        self._follows(event, data)
        match event.type:
            case "response.created":
                self._begun = True
            case "response.completed" | "response.incomplete":
                self._ended = True
                self.usage = usage_in(event.response, data)
            case "error" | "response.failed":
                raise Wrong("error in the stream", data)
            case kind if kind.endswith(".delta") and event.delta:
                self._brought = True
                return True
        return False

    def end(self) -> None:
        for there, kind in (
            (self._ended, "no response.completed"),
            (self._brought, "no content"),
        ):
            if not there:
                raise Wrong(kind)
        if self.usage:
            fitting(self.usage, self._most)

    def _follows(self, event: Event, data: bytes) -> None:
        if self._ended:
            raise Wrong("an event after the last", data)
        if not self._begun and event.type not in ("response.created", "error"):
            raise Wrong("no response.created", data)
        if event.sequence_number is not None:
            if event.sequence_number <= self._number:
                raise Wrong("sequence numbers do not rise", data)
            self._number = event.sequence_number


def usage_in(response: msgspec.Raw, data: bytes) -> Usage | None:
    try:
        usage = msgspec.json.decode(response, type=Ending).usage
    except msgspec.DecodeError as error:
        raise not_as_expected(error, data) from None
    return usage.plain if usage else None


def not_as_expected(error: Exception, data: bytes) -> Wrong:
    """JSON whose parts are not what they should be, or no JSON."""
    if isinstance(error, msgspec.ValidationError):
        return Wrong("unexpected JSON", f"{error}: {data.decode('utf-8', 'replace')}")
    return Wrong("not JSON", data)


def stream_reader(load: Load) -> StreamReader:
    if load.endpoint == "responses":
        return EventReader(load.max_tokens)
    return ChunkReader(load.max_tokens, chat=load.endpoint == "chat")
