"""One strict decoding of foreign JSON: bytes to a typed struct, with the field at fault named."""

import codecs
import re
from typing import Any, Generic, TypeVar

import msgspec

from gateway.core.errors import LONGEST_NAME, InvalidRequest
from gateway.dialects.closing import closed, unknown_fields
from gateway.dialects.entries import ANY, entry_at_fault, key_at_fault
from gateway.dialects.recurring import Cut, Recurring

__all__ = ["RequestDecoder", "decode", "decode_part", "explained", "missing"]

T = TypeVar("T")


class RequestDecoder(Generic[T]):
    """Decodes JSON as a struct and tells which of its fields, at any depth, have no place in it.

    The first attempt forbids unknown fields, which costs nothing; only what has some is decoded
    again and walked through. What the struct keeps raw is not looked into; and if that is
    `recurring`, it is cut out before.
    """

    def __init__(self, kind: Any, recurring: Recurring[Any] | None = None) -> None:
        self._kind = kind
        self._recurring = recurring
        self._strict: msgspec.json.Decoder[T] = msgspec.json.Decoder(closed(kind))
        self._tolerant: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)

    def decode(self, body: bytes) -> tuple[T, list[str]]:
        """The request, and the places of unknown fields in the order of the body."""
        if self._recurring is not None and (cut := self._recurring.cut(body)):
            request = self._decoded(cut, self._recurring.field)
            if request is not None:
                return request, []
        try:
            return decode(self._strict, body), []
        except InvalidRequest as error:
            if error.reason != UNKNOWN_FIELD:
                raise
        return decode(self._tolerant, body), self._unknown(body, "")

    def _decoded(self, cut: Cut, field: str) -> T | None:
        """The request, if nothing at all is wrong with it."""
        try:
            request = decode(self._strict, cut.rest)
        except InvalidRequest:  # which would be told with the wrong place
            return None
        if not cut.stood(getattr(request, field)):
            return None
        setattr(request, field, cut.part)
        return request

    def decode_part(self, part: bytes | msgspec.Raw, at: str) -> tuple[T, list[str]]:
        """The same for a part of a body that was kept raw and stands at `at`."""
        try:
            return decode_part(self._strict, part, at), []
        except InvalidRequest as error:
            if error.reason != UNKNOWN_FIELD:
                raise
        return decode_part(self._tolerant, part, at), self._unknown(part, at)

    def _unknown(self, part: bytes | msgspec.Raw, at: str) -> list[str]:
        return [*unknown_fields(part, self._kind, at)]


UNKNOWN_FIELD = "unknown_parameter"


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Decode a whole body strictly, or raise `InvalidRequest` in OpenAI's vocabulary.

    msgspec does not look at the encoding of what it skips or keeps raw, so the body is checked as a
    whole; and two of the failures on the way are not msgspec's own errors.
    """
    if not body:
        raise InvalidRequest("The body is empty; a JSON object is expected.")
    try:
        if not body.isascii():
            check_utf8(body)
        return decode_part(decoder, body, "")
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not valid UTF-8.") from None


def decode_part(decoder: msgspec.json.Decoder[T], part: bytes | msgspec.Raw, at: str) -> T:
    """Decode a part of a body that was kept raw and stands at `at` (`messages[0].content`)."""
    try:
        return decoder.decode(part)
    except msgspec.ValidationError as error:
        raise explained(str(error), at, part) from None
    except RecursionError:
        raise InvalidRequest("The JSON of the body is nested too deeply.") from None
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The body is not valid JSON: {malformation(str(error))}.") from None


BLOCK = 32 * 1024


def check_utf8(body: bytes) -> None:
    """Raise `UnicodeDecodeError` for anything but UTF-8.

    In blocks, because `body.decode()` would make a string of up to four times the size and pay
    twice as much for the fresh memory as for the check.
    """
    view, end = memoryview(body), len(body)
    at = 0
    while at < end:
        block = view[at : at + BLOCK]
        _, used = codecs.utf_8_decode(block, "strict", at + BLOCK >= end)
        at += used


def malformation(text: str) -> str:
    """msgspec's reason, less its prefix; a lone surrogate is told by a misleading "truncated"."""
    if "truncated" in text:
        return "it breaks off, or holds half of a surrogate pair"
    return text.removeprefix("JSON is malformed: ").rstrip(".")


PLACE = re.compile(r" - at (`key` in )?`\$(.*?)`$", re.DOTALL)
MISSING = re.compile(r"Object missing required field `(.+)`")
OUT_OF_RANGE = re.compile(r"Expected `(int|float|str|array|object)`(?: of length)? (<=|>=|<|>) ")


def explained(text: str, at: str, part: bytes | msgspec.Raw = b"") -> InvalidRequest:
    """A msgspec validation message as an `InvalidRequest` that names the field.

    The place in the message is the parent of a missing field, so the name is put behind it; so is
    the key of an entry, which is looked up in the `part` that stands `at` this place.
    """
    place = PLACE.search(text)
    what = text[: place.start()] if place else text
    inner = place[2] if place else ""
    if place and place[1] and (key := key_at_fault(part, inner, what)):
        return unfit_name(key[:LONGEST_NAME], (at + inner).lstrip("."), what)
    if inner.endswith(ANY):
        inner = inner.removesuffix(ANY)
        entry = entry_at_fault(part, inner, what)
        inner += "" if entry is None else f".{entry[:LONGEST_NAME]}"
    where = (at + inner).lstrip(".")
    if absent := MISSING.fullmatch(what):
        return missing(f"{where}.{absent[1]}" if where else absent[1])
    if what.startswith("Object contains unknown field"):
        return InvalidRequest("There is an unknown field.", reason=UNKNOWN_FIELD)
    what = what.replace("`", "'")
    if not where:
        return InvalidRequest(f"Invalid body: {what}.")
    return InvalidRequest(f"Invalid '{where}': {what}.", param=where, reason=reason_of(text))


def unfit_name(key: str, where: str, what: str) -> InvalidRequest:
    what = what.replace("`", "'")
    return InvalidRequest(
        f"Invalid property name in '{where}': {what}, in '{where}.{key}'.",
        param=f"{where}.{key}",
        reason="property_name_above_max_length",
    )


def missing(param: str) -> InvalidRequest:
    """What is said of every field that must be there and is not."""
    return InvalidRequest(
        f"Missing required parameter: '{param}'.", param=param, reason="missing_required_parameter"
    )


def reason_of(text: str) -> str:
    """OpenAI's word for a kind of mistake."""
    if text.startswith(("Invalid enum value", "Invalid value")) or "matching regex" in text:
        return "invalid_value"
    if text.startswith("Number out of range"):
        return "decimal_above_max_value"
    bounds = OUT_OF_RANGE.match(text)
    if not bounds:
        return "invalid_type"
    kind, sign = bounds.groups()
    above = sign in ("<=", "<")
    match kind:
        case "int" | "float":
            number = "integer" if kind == "int" else "decimal"
            return f"{number}_{'above_max' if above else 'below_min'}_value"
        case "str":
            return "string_above_max_length" if above else "empty_string"
        case "object":
            return f"object_{'above_max' if above else 'below_min'}_properties"
        case _:
            return "array_above_max_length" if above else "empty_array"
