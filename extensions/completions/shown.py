"""What the routes of stored chat completions answer."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from extensions.completions.store import Page, Shown
from gateway.http.openai.lists import ObjectList, PageAsked, list_of, paged

__all__ = ["DeletedCompletion", "completions_of", "messages_of"]

NULL = Raw(b"null")


class DeletedCompletion(Struct, frozen=True):
    """That a stored chat completion is gone."""

    id: str
    object: Literal["chat.completion.deleted"] = "chat.completion.deleted"
    deleted: bool = True


def completions_of(page: Page[Shown]) -> ObjectList:
    return list_of([(item.id, item.object) for item in page.items], more=page.has_more)


def messages_of(found: Sequence[Shown], asked: PageAsked) -> ObjectList:
    """A page of messages, each with its id, and its parts apart from text."""
    page, more = paged(found, attrgetter("id"), asked)
    return list_of([(item.id, message(item)) for item in page], more=more)


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
