"""The items of a response's input, a page at a time."""

import msgspec
from msgspec import Struct

from extensions.responses.record import Record
from gateway.http.openai.lists import ObjectList, PageAsked, list_of, paged

__all__ = ["page_of"]


class Identified(Struct):
    id: str


IDENTIFIED = msgspec.json.Decoder(Identified)


def page_of(record: Record, asked: PageAsked) -> ObjectList:
    """A page of its own items; `InvalidRequest` if there is none to begin after."""
    items = [(IDENTIFIED.decode(raw).id, raw) for raw in record.input]
    page, more = paged(items, lambda item: item[0], asked)
    return list_of(page, more=more)
