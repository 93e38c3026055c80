"""Lists of `/v1` that come in pages: what is asked in a query, and the envelope."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.params import QueryParameter
from msgspec import Meta, Raw, Struct

from gateway.core.errors import LONGEST_NAME, InvalidRequest
from gateway.dialects.decoding import explained

__all__ = [
    "After",
    "Asking",
    "Limit",
    "ObjectList",
    "Order",
    "PageAsked",
    "every",
    "list_of",
    "paged",
    "read_query",
]

T = TypeVar("T")

Asking = Request[Any, Any, State]

# Litestar would judge a value by rules and in words of its own; the struct of the query does.
After = Annotated[str | None, QueryParameter(description="The id that the page begins after.")]
Limit = Annotated[str | None, QueryParameter(description="1 to 100; if it is not given, 20.")]

Order = Literal["asc", "desc"]


class PageAsked(Struct, frozen=True, kw_only=True):
    """The page behind the object `after`, in this order; `desc` has the last object first."""

    after: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    order: Order = "desc"


class ObjectList(Struct, frozen=True, kw_only=True):
    """A page of objects; the next one follows `last_id`."""

    object: Literal["list"] = "list"
    data: Sequence[Raw]
    first_id: str | None
    last_id: str | None
    has_more: bool


def paged(
    found: Sequence[T], id_of: Callable[[T], str | None], asked: PageAsked
) -> tuple[Sequence[T], bool]:
    """The page that is asked for, and whether there are more behind it.

    `InvalidRequest` if there is nothing that it could begin after.
    """
    ordered = found if asked.order == "asc" else found[::-1]
    start = 0
    if asked.after is not None:
        ids = [id_of(each) for each in ordered]
        if asked.after not in ids:
            raise InvalidRequest(
                f"There is no '{asked.after[:LONGEST_NAME]}' in this list.",
                param="after",
                reason="invalid_value",
            )
        start = ids.index(asked.after) + 1
    end = start + asked.limit
    return ordered[start:end], end < len(ordered)


def list_of(page: Sequence[tuple[str, Raw]], *, more: bool = False) -> ObjectList:
    """The envelope of these objects, each with its id."""
    return ObjectList(
        data=[shown for _, shown in page],
        first_id=page[0][0] if page else None,
        last_id=page[-1][0] if page else None,
        has_more=more,
    )


def every(name: str, pairs: Iterable[tuple[str, str]]) -> list[str]:
    """All values of a parameter that may come more than once; SDKs write `name[]`."""
    return [value for given, value in pairs if given in (name, f"{name}[]")]


def read_query(kind: type[T], pairs: Iterable[tuple[str, str]]) -> T:
    """The parameters of a query as a struct; `InvalidRequest` that names the one at fault.

    SDKs write an object as `metadata[key]=value`. Of a name that comes twice, the last counts; what
    is no field is passed over, as OpenAI does with it.
    """
    fields: dict[str, str | dict[str, str]] = {}
    for name, value in pairs:
        outer, bracket, inner = name.partition("[")
        if not bracket:
            fields[name] = value
        elif inner.endswith("]"):
            members = fields.setdefault(outer, {})
            if isinstance(members, dict):
                members[inner[:-1]] = value
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        raise explained(str(error), "") from None
