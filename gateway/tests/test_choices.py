"""Several streams as one: who speaks when, how far ahead, and what is left when it ends."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from gateway.core.errors import BackendBusy, BackendFailed
from gateway.core.events import Batch, Finished, TextDelta
from gateway.http.choices import collected, merged

BYE = [Finished("stop")]


def said(text: str) -> Batch:
    return [TextDelta(text)]


class Stream:
    """Plays steps: a batch, an error, seconds to wait or an event to wait for. It notes how many
    steps it has begun, and when it was closed."""

    def __init__(self, *steps: Any) -> None:
        self.steps = steps
        self.begun = 0
        self.closed = False

    async def play(self) -> AsyncGenerator[Batch, None]:
        try:
            for step in self.steps:
                self.begun += 1
                match step:
                    case float(seconds):
                        await asyncio.sleep(seconds)
                    case asyncio.Event() as event:
                        await event.wait()
                    case Exception():
                        raise step
                    case batch:
                        yield batch
        finally:
            # Closing takes a while, as giving a connection back may.
            await asyncio.sleep(0.01)
            self.closed = True


def together(*streams: Stream) -> AsyncGenerator[tuple[int, Batch], None]:
    return merged([stream.play() for stream in streams])


async def test_all_run_at_once_and_each_keeps_its_order() -> None:
    streams = [Stream(0.03, said(f"{i}a"), 0.03, said(f"{i}b"), BYE) for i in range(4)]
    began = asyncio.get_running_loop().time()
    got = [arrival async for arrival in together(*streams)]
    assert asyncio.get_running_loop().time() - began < 0.2
    for index in range(4):
        mine = [batch for at, batch in got if at == index]
        assert mine == [said(f"{index}a"), said(f"{index}b"), BYE]


async def test_nobody_speaks_before_the_first_choice() -> None:
    go = asyncio.Event()
    streams = Stream(go, said("0"), BYE), Stream(said("1"), BYE), Stream(said("2"), BYE)
    merging = together(*streams)
    first = asyncio.ensure_future(anext(merging))
    await asyncio.sleep(0.02)
    assert not first.done()
    go.set()
    assert await first == (0, said("0"))
    assert sorted([index async for index, _ in merging]) == [0, 1, 1, 2, 2]


async def test_an_ollama_that_begins_with_another_choice_is_not_left_waiting() -> None:
    over = asyncio.Event()

    async def second() -> AsyncGenerator[Batch, None]:
        for number in range(50):
            yield said(str(number))
        over.set()

    async with asyncio.timeout(1):
        got = [at async for at, _ in merged([Stream(over, said("0"), BYE).play(), second()])]
    assert (got[0], len(got)) == (0, 52)


async def test_a_first_choice_that_says_nothing_holds_nobody_up() -> None:
    got = [arrival async for arrival in together(Stream(), Stream(said("1"), BYE))]
    assert got == [(1, said("1")), (1, BYE)]


async def test_a_first_choice_that_fails_is_heard_before_the_others() -> None:
    streams = Stream(0.02, BackendBusy("Full.")), Stream(said("1"), 60.0)
    with pytest.raises(BackendBusy):
        await anext(together(*streams))
    assert streams[1].closed


async def test_each_is_at_most_one_batch_ahead() -> None:
    streams = [Stream(*[said(str(n)) for n in range(100)]) for _ in range(3)]
    merging = together(*streams)
    taken = [0, 0, 0]
    for _ in range(30):
        index, _ = await anext(merging)
        taken[index] += 1
        await asyncio.sleep(0.001)
        assert all(s.begun - t <= 1 for s, t in zip(streams, taken, strict=True))
    await merging.aclose()
    assert all(stream.closed for stream in streams)


async def test_a_failure_closes_the_others_before_it_is_heard() -> None:
    streams = Stream(said("0"), 60.0), Stream(said("1"), BackendFailed("Broke.")), Stream(60.0)
    merging = together(*streams)
    assert [await anext(merging), await anext(merging)] == [(0, said("0")), (1, said("1"))]
    with pytest.raises(BackendFailed):
        await anext(merging)
    assert all(stream.closed for stream in streams)


async def test_closing_it_closes_all() -> None:
    streams = [Stream(said(str(i)), 60.0) for i in range(3)]
    merging = together(*streams)
    await anext(merging)
    await merging.aclose()
    assert all(stream.closed for stream in streams)


async def test_cancelling_whoever_reads_closes_all_and_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    streams = [Stream(60.0) for _ in range(3)]
    reading = asyncio.create_task(anext(together(*streams)))
    await asyncio.sleep(0.01)
    reading.cancel()
    await asyncio.sleep(0)
    reading.cancel()  # twice, as a server does that loses its patience
    await asyncio.wait([reading])
    assert reading.cancelled()
    assert all(stream.closed for stream in streams)
    assert asyncio.all_tasks() == before


async def test_a_stream_alone_is_passed_on_without_a_task() -> None:
    before = asyncio.all_tasks()
    only = Stream(said("a"), 60.0)
    merging = together(only)
    assert await anext(merging) == (0, said("a"))
    assert asyncio.all_tasks() == before
    await merging.aclose()
    assert only.closed


async def test_whole_answers_come_in_the_order_of_their_streams() -> None:
    streams = [Stream(0.02 / (i + 1), said(str(i)), BYE) for i in range(3)]
    replies = await collected([stream.play() for stream in streams])
    assert [reply.message.content[0].text for reply in replies] == ["0", "1", "2"]  # type: ignore[union-attr]


async def test_of_whole_answers_the_first_failure_ends_the_others() -> None:
    streams = Stream(60.0), Stream(0.01, BackendFailed("Broke.")), Stream(60.0)
    with pytest.raises(BackendFailed):
        await collected([stream.play() for stream in streams])
    assert all(stream.closed for stream in streams)


async def test_cancelling_whoever_collects_closes_all() -> None:
    streams = [Stream(60.0) for _ in range(3)]
    collecting = asyncio.create_task(collected([stream.play() for stream in streams]))
    await asyncio.sleep(0.01)
    collecting.cancel()
    await asyncio.wait([collecting])
    assert collecting.cancelled()
    assert all(stream.closed for stream in streams)
