"""The items of a response's input, a page at a time."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from extensions.responses.record import Record
from gateway.core.errors import InvalidRequest
from gateway.http.openai.lists import ObjectList

__all__ = ["ItemsAsked", "page_of"]


class ItemsAsked(Struct, frozen=True):
    """The page behind the item `after`, in this order; `desc` has the last item first."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None


class Identified(Struct):
    id: str


IDENTIFIED = msgspec.json.Decoder(Identified)


def page_of(record: Record, asked: ItemsAsked) -> ObjectList:
    """A page of its own items; `InvalidRequest` if there is none to begin after."""
    items = [(IDENTIFIED.decode(raw).id, raw) for raw in record.input]
    if asked.order == "desc":
        items.reverse()
    start = 0
    if asked.after is not None:
        places = [place for place, (id, _) in enumerate(items) if id == asked.after]
        if not places:
            raise InvalidRequest(
                f"The response has no input item '{asked.after[:64]}'.",
                param="after",
                reason="invalid_value",
            )
        start = places[0] + 1
    page = items[start : start + asked.limit]
    return ObjectList(
        data=[raw for _, raw in page],
        first_id=page[0][0] if page else None,
        last_id=page[-1][0] if page else None,
        has_more=start + asked.limit < len(items),
    )
