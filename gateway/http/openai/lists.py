"""Lists of `/v1` that come in pages: what is asked in a query, and the envelope."""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeVar

import msgspec
from msgspec import Raw, Struct

from gateway.dialects.decoding import explained

__all__ = ["ObjectList", "every", "read_query"]

T = TypeVar("T")


class ObjectList(Struct, frozen=True, kw_only=True):
    """A page of objects; the next one follows `last_id`."""

    object: Literal["list"] = "list"
    data: Sequence[Raw]
    first_id: str | None
    last_id: str | None
    has_more: bool


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
