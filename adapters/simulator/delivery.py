"""An answer on its way: at the model's pace, in lines or as one object, with the faults it has."""

import asyncio
from collections.abc import Callable, Iterable, Iterator

from .encoding import encode
from .faults import Packing
from .http import JSON, NDJSON, PLAIN_JSON, Exchange
from .mistakes import HangUp, Item, Line, Pause, Reset
from .models import Model
from .refusals import EngineRefused, Refused
from .replies import folded
from .state import State

__all__ = ["Delivery", "refuse"]

_PACKET = 5  # bytes, where a fault asks for small ones
_DRIP = 0.02  # seconds between two of them
_DRIPPED = 40  # bytes at a time: slow, yet a short answer ends within seconds


def refuse(exchange: Exchange, refused: Refused, *, stream: bool) -> None:
    """An error before the first object; one of the engine in a stream is framed as a stream."""
    if stream and isinstance(refused, EngineRefused):
        exchange.begin(refused.status, PLAIN_JSON)
        exchange.chunk(encode(refused.body))
        exchange.end()
    else:
        exchange.json(refused.body, refused.status)


class Delivery:
    """Brings the answer of one model to one client."""

    def __init__(self, state: State, exchange: Exchange, model: Model, *, stream: bool) -> None:
        self._exchange = exchange
        self._fault = model.fault
        self._pace = model.pace
        self._token_delay = state.token_delay
        self._stream = stream

    async def send(self, answer: Callable[[], Iterator[Line]]) -> None:
        """Send the objects that `answer` makes, or what it raises instead."""
        if self._fault.page:
            await self._exchange.send_raw(self._fault.page)
            self._exchange.hang_up()
            return
        try:
            items = self._spoiled(answer)
        except Refused as refused:
            refuse(self._exchange, refused, stream=self._stream)
            return
        await (self._streamed(items) if self._stream else self._whole(items))

    def _spoiled(self, answer: Callable[[], Iterator[Line]]) -> Iterator[Item]:
        self._fault.check(engine=True)
        right: Iterator[Item] = answer()
        return self._fault.edit(right) if self._fault.edit else right

    async def _streamed(self, items: Iterable[Item]) -> None:
        """Headers go out with the first object; a stream of none is a 200 without a body."""
        burst = bytearray()
        for index, item in enumerate(items):
            await self._rest(index)
            if not isinstance(item, dict | bytes):
                if await self._interrupted(item):
                    return
                continue
            line = item if isinstance(item, bytes) else encode(item) + b"\n"
            if self._fault.packing == "burst":
                burst += line
                continue
            self._begin()
            await _sent(self._exchange, line, self._fault.packing)
        self._begin()
        await self._exchange.send(bytes(burst))
        self._exchange.end()

    def _begin(self) -> None:
        if not self._exchange.begun:
            self._exchange.begin(200, self._fault.content_type or NDJSON)

    async def _whole(self, items: Iterable[Item]) -> None:
        objects: list[Line] = []
        garbage = bytearray()
        for index, item in enumerate(items):
            await self._rest(index)
            match item:
                case {"error": _}:
                    self._exchange.json(item, 500)
                    return
                case dict():
                    objects.append(item)
                case bytes():
                    garbage += item.strip()
                case _:
                    if await self._interrupted(item):
                        return
        body = bytes(garbage) or encode(folded(objects))
        self._exchange.whole(body, 200, self._fault.content_type or JSON)

    async def _rest(self, index: int) -> None:
        """Before the object of this index: as long as the model takes for a token.

        Even no time at all lets the loop notice that the client has left.
        """
        delay = self._token_delay
        if self._pace is not None:
            delay = self._pace.token_delay
            delay += self._pace.rest if index == self._pace.rest_after else 0
        await asyncio.sleep(delay)

    async def _interrupted(self, item: Pause | Reset | HangUp) -> bool:
        """True when this was the end."""
        match item:
            case Pause(seconds=None):
                await asyncio.get_running_loop().create_future()
            case Pause(seconds=seconds):
                await asyncio.sleep(seconds or 0)
                return False
            case Reset():
                self._exchange.reset()
            case HangUp():
                self._exchange.hang_up()
        return True


async def _sent(exchange: Exchange, line: bytes, packing: Packing) -> None:
    match packing:
        case "split":
            for start in range(0, len(line), _PACKET):
                await exchange.send(line[start : start + _PACKET])
        case "drip":
            for start in range(0, len(line), _DRIPPED):
                await asyncio.sleep(_DRIP)
                await exchange.send(line[start : start + _DRIPPED])
        case _:
            await exchange.send(line)
