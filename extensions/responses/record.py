"""A response as it is kept, and the file that it is kept in."""

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from extensions.documents import Document, fields_of, legible, parsed

__all__ = ["Background", "ConversationPoint", "Record", "State", "failed", "read", "write"]

State = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]


class ConversationPoint(Struct, frozen=True):
    """A conversation as it was at one time: its first `length` items."""

    id: str
    length: int


class Background(Struct, frozen=True):
    """How far a response has come that no client waits for; `reason` is that of a failure."""

    state: State
    reason: str = ""

    @property
    def ended(self) -> bool:
        return self.state not in ("queued", "in_progress")


class Record(Struct, frozen=True, kw_only=True):
    """A stored response. Items and the response object are JSON, and nobody looks into them.

    `input` and `output` are its own items alone: those before it are found by the id of the
    response that it follows, or in the `conversation` as that was when this response had ended.
    `response` is the object as clients get it, `extra` what another program has added to the file.
    """

    id: str
    created_at: int
    previous_response_id: str | None = None
    conversation: ConversationPoint | None = None
    background: Background | None = None
    input: tuple[Raw, ...] = ()
    output: tuple[Raw, ...] = ()
    response: Raw
    extra: Mapping[str, Raw] = {}

    @property
    def ended(self) -> bool:
        return self.background is None or self.background.ended

    @property
    def follows(self) -> str | None:
        """The response before it, unless all that was before it is in a conversation."""
        return self.previous_response_id if self.conversation is None else None


class File(Document, kw_only=True):
    """The keys of a file, in their order."""

    created_at: int
    previous_response_id: str | None = None
    conversation: ConversationPoint | None = None
    background: Background | None = None
    input: tuple[Raw, ...] = ()
    output: tuple[Raw, ...] = ()
    response: Raw


def write(record: Record) -> bytes:
    return legible({"version": File.VERSION, **fields_of(record, File), **record.extra})


def read(id: str, data: bytes) -> Record:
    """The record of this id in the content of its file; `Unreadable` if there is none in it.

    It takes as much memory as the file.
    """
    found, others = parsed(id, data, File)
    return Record(
        id=id,
        created_at=found.created_at,
        previous_response_id=found.previous_response_id,
        conversation=found.conversation,
        background=found.background,
        input=found.input,
        output=found.output,
        response=found.response,
        extra=others,
    )


def failed(record: Record, reason: str) -> Record:
    """The record of a response that will not end any more, in its response object, too."""
    try:
        shown = msgspec.json.decode(record.response, type=dict[str, object])
    except msgspec.DecodeError:  # no object at all: a state is told all the same
        shown = {"id": record.id, "object": "response", "created_at": record.created_at}
    shown |= {"status": "failed", "error": {"code": "server_error", "message": reason}}
    return replace(
        record,
        background=Background(state="failed", reason=reason),
        response=Raw(msgspec.json.encode(shown)),
    )
