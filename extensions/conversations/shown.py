"""Conversations and their items as the routes show them."""

from collections.abc import Collection, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from extensions.conversations.asked import ItemsQuery
from extensions.conversations.beside import noted_in
from extensions.conversations.ids import conversation_id
from extensions.sessions.clock import instant
from extensions.sessions.session import Session
from gateway.core.errors import InvalidRequest
from gateway.dialects.openai.responses import items, parts
from gateway.dialects.openai.responses.including import ENCRYPTED, LOGPROBS
from gateway.dialects.openai.responses.items import Item

__all__ = [
    "Conversation",
    "DeletedConversation",
    "ItemList",
    "conversation_of",
    "list_of",
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


class ItemList(Struct, frozen=True, kw_only=True):
    """A page of items; the next one follows `last_id`."""

    object: Literal["list"] = "list"
    data: list[dict[str, Any]]
    first_id: str | None
    last_id: str | None
    has_more: bool


def conversation_of(session: Session) -> Conversation:
    return Conversation(
        id=conversation_id(session.id),
        created_at=int(instant(session.created_at).timestamp()),
        metadata=noted_in(session).metadata,
    )


def page_of(found: Sequence[Item], query: ItemsQuery, included: Collection[str]) -> ItemList:
    """`InvalidRequest` if there is nothing that the page could follow."""
    ordered = list(found) if query.order == "asc" else list(reversed(found))
    first = 0
    if query.after is not None:
        first = 1 + place_of(query.after, ordered)
    page = ordered[first : first + query.limit]
    return list_of(page, included, more=first + query.limit < len(ordered))


def place_of(id: str, ordered: Sequence[Item]) -> int:
    for at, item in enumerate(ordered):
        if item.id == id:
            return at
    raise InvalidRequest(f"Item with id '{id[:64]}' not found.", param="after")


def list_of(page: Sequence[Item], included: Collection[str], *, more: bool = False) -> ItemList:
    return ItemList(
        data=[shown(item, included) for item in page],
        first_id=page[0].id if page else None,
        last_id=page[-1].id if page else None,
        has_more=more,
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
