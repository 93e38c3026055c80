"""The events of a streamed response: what a right stream has of them."""

from typing import Any

import msgspec
from msgspec import Struct

from gateway.commands.benching.faults import MALFORMED, Wrong, not_as_expected
from gateway.commands.benching.usage import ResponseUsage, Usage, fitting

__all__ = ["EventReader"]

DONE = b"[DONE]"


class Ending(Struct):
    status: str | None = None
    usage: ResponseUsage | None = None


class Event(Struct):
    type: str
    delta: Any = None
    sequence_number: int | None = None
    response: msgspec.Raw = msgspec.Raw(b"")


DECODE = msgspec.json.Decoder(Event).decode


class EventReader:
    """The events of a response. They end with `response.completed` or `response.incomplete`; a
    `[DONE]` after that, which some servers add, does no harm."""

    def __init__(self, most: int) -> None:
        self.usage: Usage | None = None
        self._most = most
        self._number = -1
        self._begun = self._brought = self._ended = False

    def read(self, data: bytes) -> bool:
        if data == DONE:
            if not self._ended:
                raise Wrong("no response.completed", data)
            return False
        try:
            event = DECODE(data)
        except MALFORMED as error:
            raise not_as_expected(error, data) from None
        self._follows(event, data)
        match event.type:
            case "response.created":
                self._begun = True
            case "response.completed" | "response.incomplete":
                self._ended = True
                ending = ending_in(event.response, data)
                if ending.status not in (None, event.type.removeprefix("response.")):
                    raise Wrong("not the status of its event", data)
                self.usage = ending.usage.plain if ending.usage else None
            case "error" | "response.failed":
                raise Wrong("error in the stream", data)
            case kind if kind.endswith(".delta") and event.delta:
                self._brought = True
                return True
        return False

    def end(self) -> None:
        for there, kind in (
            (self._ended, "no response.completed"),
            (self._brought, "no content"),
        ):
            if not there:
                raise Wrong(kind)
        if self.usage:
            fitting(self.usage, self._most)

    def _follows(self, event: Event, data: bytes) -> None:
        if self._ended:
            raise Wrong("an event after the last", data)
        if not self._begun and event.type not in ("response.created", "error"):
            raise Wrong("no response.created", data)
        if event.sequence_number is not None:
            if event.sequence_number <= self._number:
                raise Wrong("sequence numbers do not rise", data)
            self._number = event.sequence_number


def ending_in(response: msgspec.Raw, data: bytes) -> Ending:
    try:
        return msgspec.json.decode(response, type=Ending)
    except MALFORMED as error:
        raise not_as_expected(error, data) from None
