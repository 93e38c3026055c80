"""Types that take no field they do not have, and the fields for which others have no place."""

from collections.abc import Iterator
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo, fields

__all__ = ["closed", "unknown_fields"]


ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


@cache
def closed(kind: Any) -> Any:
    """The same type, in which no struct at any depth takes an unknown field.

    What it decodes is of the very structs: the closed ones are subclasses.
    """
    if is_struct(kind):
        changed = [redefined(field) for field in fields(kind) if structs_of(field.type)]
        return msgspec.defstruct(
            kind.__name__, changed, bases=(kind,), kw_only=True, forbid_unknown_fields=True
        )
    if not structs_of(kind):
        return kind
    parts = tuple([closed(part) for part in get_args(kind)])
    if get_origin(kind) is Annotated:
        return Annotated[(parts[0], *kind.__metadata__)]
    if get_origin(kind) in (Union, UnionType):
        return reduce(or_, parts)
    return get_origin(kind)[parts]


def redefined(field: FieldInfo) -> Any:
    """The field with its type closed, for `msgspec.defstruct`."""
    if field.required:
        return field.name, closed(field.type)
    if field.default_factory is not msgspec.NODEFAULT:
        factory = msgspec.field(default_factory=field.default_factory)
        return field.name, closed(field.type), factory
    return field.name, closed(field.type), field.default


def is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


@cache
def structs_of(kind: Any) -> list[Any]:
    """The structs that a value of this type, or an item of it, may be."""
    if is_struct(kind):
        return [kind]
    return [struct for part in get_args(kind) for struct in structs_of(part)]


def unknown_fields(part: bytes | msgspec.Raw, kind: Any, at: str) -> Iterator[str]:
    """Where a JSON text, which stands at `at`, has fields that its type has not: `messages[0].x`.

    Values of no struct are not read at all: they could be anything.
    """
    structs = structs_of(kind)
    if not structs:
        return
    match bytes(part).lstrip()[:1]:
        case b"[":
            for index, item in enumerate(ITEMS.decode(part)):
                yield from unknown_fields(item, kind, f"{at}[{index}]")
        case b"{":
            known = {field.encode_name: field.type for each in structs for field in fields(each)}
            known |= dict.fromkeys([each.__struct_config__.tag_field for each in structs], str)
            for name, member in MEMBERS.decode(part).items():
                place = f"{at}.{name}" if at else name
                if name in known:
                    yield from unknown_fields(member, known[name], place)
                else:
                    yield place
