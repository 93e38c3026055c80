"""Responses as the records that are kept of them, and back."""

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from extensions.responses.question import Question
from extensions.responses.record import Background, ConversationPoint, Record
from gateway.dialects.openai.responses.items import Item
from gateway.dialects.openai.responses.wire import Response

__all__ = ["record_of", "response_of"]

encode = msgspec.json.Encoder().encode
RESPONSE = msgspec.json.Decoder(Response)


def record_of(
    question: Question,
    input: Sequence[Item],
    response: Response,
    conversation: ConversationPoint | None = None,
) -> Record:
    """The record of a response as it is now; `input` are its own items."""
    background = None
    if response.background:
        reason = response.error.message if response.error else ""
        background = Background(response.status, reason)
    return Record(
        id=response.id,
        created_at=response.created_at,
        previous_response_id=response.previous_response_id,
        conversation=conversation,
        background=background,
        input=tuple([Raw(encode(item)) for item in input]),
        output=tuple([Raw(encode(item)) for item in response.output]),
        response=Raw(encode(response)),
    )


def response_of(record: Record) -> Response:
    return RESPONSE.decode(record.response)
