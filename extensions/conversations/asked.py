"""The bodies and queries that the conversation routes take."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from gateway.core.errors import Unsupported
from gateway.core.notes import Notes
from gateway.dialects.openai.responses import items
from gateway.dialects.openai.responses.conversation import (
    ASKED,
    RETURNED,
    SAID,
    read_compaction,
    read_content,
    read_reasoning,
)
from gateway.dialects.openai.responses.including import check_included
from gateway.dialects.openai.responses.input import read_item
from gateway.dialects.openai.responses.items import Item
from gateway.dialects.openai.tools import read_arguments
from gateway.dialects.openai.wire import Metadata
from gateway.http.openai.lists import every

__all__ = [
    "ConversationPatch",
    "NewConversation",
    "NewItems",
    "read_included",
    "read_items",
]

GivenItems = Annotated[
    list[dict[str, Any]], Meta(max_length=20, description="At most 20, as in `POST /v1/responses`.")
]


class NewConversation(Struct, frozen=True, kw_only=True):
    """A conversation to begin, with what was said in it already."""

    items: GivenItems | None = None
    metadata: Metadata | None = None


class ConversationPatch(Struct, frozen=True, kw_only=True):
    """Other metadata, in the place of all that there are."""

    metadata: Metadata | None


class NewItems(Struct, frozen=True, kw_only=True):
    """More items, behind the others; but the result of a call stands behind that."""

    items: GivenItems


def read_included(pairs: Iterable[tuple[str, str]], notes: Notes) -> frozenset[str]:
    """What is asked to be shown besides."""
    named = every("include", pairs)
    check_included(named, notes)
    return frozenset(named)


def read_items(given: Sequence[dict[str, Any]], notes: Notes) -> list[Item]:
    """The items, those with an id of their own as well as those without.

    `Invalid` for what no model could be sent.
    """
    read = []
    for index, fields in enumerate(given):
        at = f"items[{index}]"
        placed = read_item(Raw(msgspec.json.encode(fields)), at, notes, lambda _: "")
        if placed is None:
            continue
        if isinstance(placed.item, items.ItemReference):
            raise Unsupported(
                "An item is added as it is, not by reference.",
                param=f"{at}.type",
                reason="unsupported_value",
            )
        check(placed.item, at, notes)
        read.append(placed.item)
    return read


def check(item: Item, at: str, notes: Notes) -> None:
    match item:
        case items.Message(role="assistant"):
            read_content(item.content, f"{at}.content", SAID, notes)
        case items.Message():
            read_content(item.content, f"{at}.content", ASKED, notes)
        case items.FunctionCall():
            read_arguments(item.arguments, f"{at}.arguments")
        case items.FunctionCallOutput() | items.CustomToolCallOutput():
            read_content(item.output, f"{at}.output", RETURNED, notes)
        case items.Reasoning():
            read_reasoning(item, at, notes)
        case items.Compaction():
            read_compaction(item, at)
