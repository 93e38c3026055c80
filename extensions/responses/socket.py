"""`/v1/responses` as a WebSocket."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from extensions.responses.question import question
from extensions.responses.run import Run
from extensions.responses.service import Responses
from extensions.responses.streams import FirstHand, Watched, once
from gateway.core.errors import InvalidRequest, Unsupported
from gateway.core.notes import Notes
from gateway.dialects.decoding import RequestDecoder, decode
from gateway.dialects.openai.responses import wire
from gateway.dialects.openai.responses.items import Item
from gateway.dialects.openai.responses.tools import RECURRING
from gateway.http.openai.hot import Rules
from gateway.http.openai.sockets import Answering, EventSocket, Told

__all__ = ["ResponseSocket"]


class ClientEvent(Struct):
    """What all events have."""

    type: str


class ResponseCreate(wire.ResponseRequest, kw_only=True):
    """A request for a response, and what only an event has."""

    type: Literal["response.create"]
    stream_id: str | None = None
    generate: bool | None = None


class ResponseSteer(Struct):
    """More input for a response that is under way."""

    input: Raw
    previous_response_id: str


EVENT = msgspec.json.Decoder(ClientEvent)
CREATE = RequestDecoder[ResponseCreate](ResponseCreate, RECURRING)
STEER = msgspec.json.Decoder(ResponseSteer)


class ResponseSocket(EventSocket):
    """Responses by `response.create`, each as its events."""

    def __init__(self, responses: Responses, rules: Rules) -> None:
        super().__init__(rules)
        self._responses = responses

    def opened(self) -> Answering:
        return Connection(self._responses).answer


class Connection:
    """One connection. Its last response can be followed on it also if it was not to be stored."""

    def __init__(self, responses: Responses) -> None:
        self._responses = responses
        self._recalled: Mapping[str, Sequence[Item]] = {}

    def answer(self, message: bytes, notes: Notes) -> Told:
        match decode(EVENT, message).type:
            case "response.create":
                return self._create(message, notes)
            case "response.steer":
                return Told(Watched(), once(unsteered(decode(STEER, message))))
            case other:
                raise InvalidRequest(
                    f"There is no event '{other[:64]}'. Known: response.create, response.steer.",
                    param="type",
                )

    def _create(self, message: bytes, notes: Notes) -> Told:
        asked, unknown = CREATE.decode(message)
        check(asked)
        asked.stream = True
        run = self._responses.run(question(asked, unknown, notes), recalled=self._recalled)
        return Told(FirstHand(run), self._remembered(run))

    async def _remembered(self, run: Run) -> AsyncGenerator[bytes, None]:
        async with aclosing(run.frames()) as frames:
            async for piece in frames:
                yield piece
        self._recalled = {} if run.question.stored else {run.question.id: run.said}


def check(asked: ResponseCreate) -> None:
    """Refuse what is for HTTP alone, and what no model here can do."""
    if asked.background:
        raise unsupported("background", "nothing runs in the background of a WebSocket")
    if asked.stream is False:
        raise unsupported("stream", "a WebSocket has all answers as events")
    if asked.generate is False:
        raise unsupported("generate", "there is nothing to prepare ahead of an answer")


def unsupported(name: str, why: str) -> Unsupported:
    return Unsupported(
        f"'{name}' is not supported with this value: {why}.", param=name, reason="unsupported_value"
    )


def unsteered(steer: ResponseSteer) -> bytes:
    """That input for a response under way is not taken; it is given back."""
    event: dict[str, Any] = {
        "type": "response.steer.failed",
        "sequence_number": 0,
        "steer": {"input": steer.input, "previous_response_id": steer.previous_response_id},
        "error": {
            "type": "invalid_request_error",
            "code": "steering_not_supported",
            "message": "A response cannot be steered here: ask again with response.create.",
        },
    }
    return b"data: %b\n\n" % msgspec.json.encode(event)
