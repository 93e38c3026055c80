"""What the routes of stored chat completions answer."""

from typing import Literal

import msgspec
from msgspec import Raw, Struct

from extensions.completions.store import Page, Shown
from gateway.http.openai.lists import ObjectList

__all__ = ["DeletedCompletion", "list_of", "messages_of"]

NULL = Raw(b"null")


class DeletedCompletion(Struct, frozen=True):
    id: str
    object: Literal["chat.completion.deleted"] = "chat.completion.deleted"
    deleted: bool = True


def list_of(page: Page[Shown]) -> ObjectList:
    items = page.items
    return ObjectList(
        data=[item.object for item in items],
        first_id=items[0].id if items else None,
        last_id=items[-1].id if items else None,
        has_more=page.has_more,
    )


def messages_of(page: Page[Shown]) -> ObjectList:
    """The same for messages, each with its id, and its parts apart from text."""
    return list_of(Page(tuple(Shown(item.id, message(item)) for item in page.items), page.has_more))


def message(shown: Shown) -> Raw:
    fields = msgspec.json.decode(shown.object, type=dict[str, Raw])
    content = fields.get("content", NULL)
    in_parts = bytes(content).startswith(b"[")
    fields |= {
        "id": Raw(msgspec.json.encode(shown.id)),
        "content": NULL if in_parts else content,
        "content_parts": content if in_parts else NULL,
        "refusal": fields.get("refusal", NULL),
    }
    return Raw(msgspec.json.encode(fields))
