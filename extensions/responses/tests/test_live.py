"""Streams that several watch while they grow."""

import asyncio

import pytest

from extensions.responses.live import Live
from gateway.core.errors import InvalidRequest


def frame(number: int) -> bytes:
    return b'event: x\ndata: {"type":"x","sequence_number":%d}\n\n' % number


async def watched(live: Live, number: int = -1) -> bytes:
    return b"".join([frames async for frames in live.frames(number)])


async def test_everybody_sees_what_is_behind_the_event_he_knows() -> None:
    live = Live()
    live.add(frame(0) + frame(1), 0)
    watching = [asyncio.create_task(watched(live, number)) for number in (-1, 0, 1, 2, 3, 9)]
    await asyncio.sleep(0)
    live.add(frame(2), 2)
    await asyncio.sleep(0)
    live.add(frame(3) + b"data: [DONE]\n\n", 3)
    live.end()
    done = b"data: [DONE]\n\n"
    whole = [frame(0), frame(1), frame(2), frame(3) + done]
    seen = await asyncio.gather(*watching)
    assert seen == [b"".join(whole[n:]) for n in (0, 1, 2, 3)] + [done, done]
    assert await watched(live) == b"".join(whole)


async def test_the_beginning_of_a_long_one_is_forgotten() -> None:
    live = Live(size=3 * len(frame(0)))
    slow = live.frames()
    live.add(frame(0), 0)
    assert await anext(slow) == frame(0)
    for number in range(1, 6):
        live.add(frame(number), number)
    live.end()
    assert await watched(live, 2) == frame(3) + frame(4) + frame(5)
    for late in (slow, live.frames(1), live.frames()):
        with pytest.raises(InvalidRequest, match="not kept"):
            await anext(late)
