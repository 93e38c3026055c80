"""An answer on its way: at the model's pace, in lines or as one object, with the faults it has."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from .encoding import encode
from .engine import Generation
from .faults import Fault, Packing
from .http import JSON, NDJSON, PLAIN_JSON, Exchange
from .mistakes import HangUp, Item, Pause, Reset
from .models import Model
from .refusals import EngineRefused, Refused
from .replies import Reply, Timing, folded
from .scheduler import Runner
from .state import State

__all__ = ["deliver", "refuse"]

_RIGHT = Fault(says="nothing wrong")
_PACKET = 5  # bytes, where a fault asks for small ones
_DRIP = 0.02  # seconds between them
_DRIPPED = 40  # bytes at a time: slow, yet a short answer ends within seconds


async def deliver(
    state: State,
    exchange: Exchange,
    model: Model,
    runner: Runner,
    reply: Reply,
    generation: Callable[[], Generation],
    timing: Timing,
    stream: bool,
) -> None:
    """Send what `generation` makes. A client that leaves is counted in `state.cancelled`."""
    fault = model.fault or _RIGHT
    try:
        if fault.page:
            await _page(exchange, fault.page)
            return
        try:
            _check(fault)
            items = _items(fault, reply, generation(), timing)
        except Refused as refused:
            refuse(exchange, refused, stream=stream)
            return
        way = _Way(exchange, _pacer(state, model), fault)
        await (way.streamed(items) if stream else way.whole(items))
    except asyncio.CancelledError:
        state.cancelled += exchange.left
        raise


def refuse(exchange: Exchange, refused: Refused, *, stream: bool) -> None:
    """An error before the first object; one of the engine in a stream is framed as a stream."""
    if stream and isinstance(refused, EngineRefused):
        exchange.begin(refused.status, PLAIN_JSON)
        exchange.chunk(encode(refused.body))
        exchange.end()
    else:
        exchange.json(refused.body, refused.status)


def _check(fault: Fault) -> None:
    if fault.status:
        kind = EngineRefused if fault.engine else Refused
        raise kind(fault.status, fault.error, **fault.more)


def _items(fault: Fault, reply: Reply, generation: Generation, timing: Timing) -> Iterator[Item]:
    right: Iterator[Item] = iter(reply.objects(generation, timing))
    return fault.edit(right) if fault.edit else right


async def _page(exchange: Exchange, page: bytes) -> None:
    await exchange.send_raw(page)
    exchange.hang_up()


Pacer = Callable[[int], Awaitable[None]]


def _pacer(state: State, model: Model) -> Pacer:
    """Waits before the object of this index as long as the model takes for a token."""

    async def wait(index: int) -> None:
        if pace := model.pace:
            await asyncio.sleep(pace.token_delay + pace.rest * (index == pace.rest_after))
        elif state.token_delay:
            await asyncio.sleep(state.token_delay)

    return wait


class _Way:
    """One answer to one client."""

    def __init__(self, exchange: Exchange, wait: Pacer, fault: Fault) -> None:
        self.exchange = exchange
        self.wait = wait
        self.fault = fault

    async def streamed(self, items: Iterable[Item]) -> None:
        """Headers go out with the first object; a stream of none is a 200 without a body."""
        content_type = self.fault.content_type or NDJSON
        burst = bytearray()
        for index, item in enumerate(items):
            await self.wait(index)
            if isinstance(item, dict | bytes):
                line = item if isinstance(item, bytes) else encode(item) + b"\n"
                if self.fault.packing == "burst":
                    burst += line
                    continue
                if not self.exchange.begun:
                    self.exchange.begin(200, content_type)
                await _sent(self.exchange, line, self.fault.packing)
            elif await self._ended_by(item):
                return
        if not self.exchange.begun:
            self.exchange.begin(200, content_type)
        await self.exchange.send(bytes(burst))
        self.exchange.end()

    async def whole(self, items: Iterable[Item]) -> None:
        objects: list[dict[str, Any]] = []
        garbage = bytearray()
        for index, item in enumerate(items):
            await self.wait(index)
            match item:
                case {"error": _}:
                    self.exchange.json(item, 500)
                    return
                case dict():
                    objects.append(item)
                case bytes():
                    garbage += item.strip()
                case _:
                    if await self._ended_by(item):
                        return
            await asyncio.sleep(0)  # a client that has left is noticed between two tokens
        content_type = self.fault.content_type or JSON
        self.exchange.whole(bytes(garbage) or encode(folded(objects)), 200, content_type)

    async def _ended_by(self, item: Pause | Reset | HangUp) -> bool:
        match item:
            case Pause():
                await _silence(item.seconds)
                return False
            case Reset():
                self.exchange.reset()
            case HangUp():
                self.exchange.hang_up()
        return True


async def _silence(seconds: float | None) -> None:
    if seconds is None:
        await asyncio.get_running_loop().create_future()
    else:
        await asyncio.sleep(seconds)


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
