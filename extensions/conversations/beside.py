"""What items have that no message of a session has a place for.

It stands in keys of their own in the session's file, which mochi-coco ignores. None of the texts
is repeated there, so nothing can come to say two things: if another program changes a text, what
was noted about its division no longer fits, and is passed over.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from extensions.sessions.session import Message, Session
from gateway.dialects.openai.responses.items import ItemStatus

__all__ = [
    "NOTHING",
    "Beside",
    "CallBeside",
    "Layout",
    "Noted",
    "ThoughtBeside",
    "beside_of",
    "noted_in",
    "noting",
    "with_beside",
]

ITEM, CONVERSATION = "mochi_item", "mochi_conversation"

Layout = tuple[int | dict[str, Any], ...]
"""How a text is divided into parts: an ordinary part is its length, any other is as on the wire but
for its text, of which the length stands there, too."""


class ThoughtBeside(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of a reasoning item, `length` characters of the message's thinking. `content` and `summary`
    are lengths, too; a summary is a text itself where that is not what is kept as the thinking.
    `encrypted` of `true`: sealed from the thinking."""

    id: str = ""
    length: int = 0
    content: tuple[int, ...] | UnsetType | None = UNSET
    summary: tuple[int | str, ...] = ()
    encrypted: str | bool | UnsetType | None = UNSET
    status: ItemStatus | None = "completed"


class CallBeside(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of a call. `arguments` is their spelling, if it is not how we write them."""

    id: str = ""
    call_id: str = ""
    arguments: str | None = None
    custom: bool = False
    status: ItemStatus | None = "completed"


class Beside(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of a message and its items. An empty `id`, here and above, is one that follows from the
    message's; a `silent` message stands for no message item, only for what is beside it.

    `points` are the lengths that a conversation had in the eyes of others when this was its last
    message.
    """

    id: str = ""
    type: Literal["compaction", "function_call_output", "custom_tool_call_output"] | UnsetType = (
        UNSET
    )
    role: Literal["developer"] | UnsetType = UNSET
    status: ItemStatus | UnsetType | None = UNSET
    phase: Literal["commentary", "final_answer"] | UnsetType | None = UNSET
    parts: Layout | None = None
    silent: bool = False
    thoughts: tuple[ThoughtBeside, ...] = ()
    calls: tuple[CallBeside, ...] = ()
    points: tuple[int, ...] = ()


class Noted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of the conversation. `length` is the greatest that was ever told to somebody."""

    metadata: dict[str, str] = field(default_factory=dict)
    length: int = 0


NOTHING = Beside()


def beside_of(message: Message) -> Beside:
    """What other programs have put there is nothing."""
    found = message.extra.get(ITEM)
    if found is None:
        return NOTHING
    try:
        return msgspec.convert(found, Beside)
    except msgspec.ValidationError:
        return NOTHING


def with_beside(extra: Mapping[str, Any], beside: Beside) -> dict[str, Any]:
    """The keys of a message, with this among them."""
    others = {key: value for key, value in extra.items() if key != ITEM}
    return others if beside == NOTHING else {**others, ITEM: msgspec.to_builtins(beside)}


def noted_in(session: Session) -> Noted:
    try:
        return msgspec.convert(session.kept.metadata.get(CONVERSATION, {}), Noted)
    except msgspec.ValidationError:
        return Noted()


def noting(noted: Noted) -> tuple[str, Any]:
    """The key of a session's metadata, and its value."""
    return CONVERSATION, msgspec.to_builtins(noted)
