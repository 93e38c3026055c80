"""Bodies of Litestar's handlers, read as strictly as those of the hot routes.

Left to itself Litestar converts: `"5"` passes for a number, bad UTF-8 and deep nesting are a 500.
"""

from functools import cache
from typing import Any

import msgspec
from litestar import Request
from litestar.dto import AbstractDTO
from litestar.exceptions import InternalServerException
from msgspec import Struct

from gateway.core.errors import InvalidRequest
from gateway.core.notes import Notes
from gateway.dialects.decoding import RequestDecoder, decode
from gateway.http.openai.hot import Rules

__all__ = ["NotedJSON", "StrictJSON", "demand_body", "notes_on"]


class StrictJSON(AbstractDTO[Struct]):
    """Decodes `data` as the very type of the handler's signature, which the document shows, too."""

    @classmethod
    def create_for_field_definition(cls, *_: Any, **__: Any) -> None:
        """Nothing is transferred between types, so there is nothing to generate."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: Any, handler_id: str, schema_creator: Any
    ) -> Any:
        return schema_creator.for_field_definition(field_definition)

    def decode_bytes(self, value: bytes) -> Any:
        field = self.asgi_connection.route_handler.parsed_data_field
        return decode(decoder_of(field.annotation), value)


class NotedJSON(StrictJSON):
    """The same under `/v1`, where unknown fields are named: `notes_on` has them."""

    def decode_bytes(self, value: bytes) -> Any:
        field = self.asgi_connection.route_handler.parsed_data_field
        data, unknown = request_decoder_of(field.annotation).decode(value)
        self.asgi_connection.scope["state"][UNKNOWN] = unknown
        return data


def notes_on(request: Request[Any, Any, Any], rules: Rules) -> Notes:
    """What is to be told of a request, its unknown fields to begin with; `Unsupported` for those
    where the operator wants strictness."""
    notes = Notes(strict=rules.strict, counts=rules.counts)
    for place in request.scope["state"].get(UNKNOWN, ()):
        notes.ignore(place, why="is no field of this API")
    return notes


UNKNOWN = "unknown_fields"


@cache
def request_decoder_of(kind: Any) -> RequestDecoder[Any]:
    return RequestDecoder(kind)


@cache
def decoder_of(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


async def demand_body(request: Request[Any, Any, Any]) -> None:
    """Refuse a request without a body where one belongs; Litestar asks no decoder about that.

    Where `data` has a default, nobody has to send any.
    """
    field = request.route_handler.parsed_data_field
    if field is None:
        return
    try:
        body = await request.body()
    except InternalServerException:  # what Litestar makes of a client who left
        raise InvalidRequest("The body breaks off.") from None
    if not body and not field.has_default:
        raise InvalidRequest("The body is empty; a JSON object is expected.")
