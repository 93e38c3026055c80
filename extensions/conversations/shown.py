"""Conversations and their items as the routes show them."""

from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct
from msgspec.structs import replace

from extensions.conversations.beside import noted_in
from extensions.conversations.ids import conversation_id
from extensions.sessions.clock import instant
from extensions.sessions.session import Session
from gateway.dialects.openai.responses import items, parts
from gateway.dialects.openai.responses.including import ENCRYPTED, LOGPROBS
from gateway.dialects.openai.responses.items import Item
from gateway.http.openai.lists import ObjectList, PageAsked, list_of, paged

__all__ = [
    "Conversation",
    "DeletedConversation",
    "conversation_of",
    "items_of",
    "page_of",
    "shown",
]


class Conversation(Struct, frozen=True, kw_only=True):
    """A conversation without its items; the time is in seconds since 1970."""

    id: str
    object: Literal["conversation"] = "conversation"
    created_at: int
    metadata: dict[str, str]


class DeletedConversation(Struct, frozen=True, kw_only=True):
    id: str
    object: Literal["conversation.deleted"] = "conversation.deleted"
    deleted: Literal[True] = True


def conversation_of(session: Session) -> Conversation:
    return Conversation(
        id=conversation_id(session.id),
        created_at=int(instant(session.created_at).timestamp()),
        metadata=noted_in(session).metadata,
    )


def page_of(found: Sequence[Item], asked: PageAsked, included: Collection[str]) -> ObjectList:
    """`InvalidRequest` if there is nothing that the page could follow."""
    page, more = paged(found, attrgetter("id"), asked)
    return items_of(page, included, more=more)


def items_of(page: Sequence[Item], included: Collection[str], *, more: bool = False) -> ObjectList:
    return list_of(
        [(str(item.id), Raw(msgspec.json.encode(shown(item, included)))) for item in page],
        more=more,
    )


def shown(item: Item, included: Collection[str]) -> dict[str, Any]:
    """The item, without what has to be asked for and was not."""
    match item:
        case items.Reasoning() if ENCRYPTED not in included:
            item = replace(item, encrypted_content=UNSET)
        case items.Message(content=list(content)) if LOGPROBS not in included:
            item = replace(item, content=[without_logprobs(part) for part in content])
    fields: dict[str, Any] = msgspec.to_builtins(item)
    return fields


def without_logprobs(part: parts.Part) -> parts.Part:
    return replace(part, logprobs=[]) if isinstance(part, parts.OutputText) else part
