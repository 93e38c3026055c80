"""Streams that end in one of complete and failed, and stop when nobody listens."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from litestar.types import Message

from gateway.core.errors import BackendFailed, BackendUnreachable
from gateway.core.events import Finished, TextDelta
from gateway.core.notes import Notes
from gateway.core.requests import ChatRequest
from gateway.dialects.openai.chat.writing import Answer, ChunkWriter
from gateway.http.leaving import LEAVING, WhileConnected
from gateway.http.streams import MOCHI, send_events
from gateway.testing import ScriptedBackend

ASKED = ChatRequest(model="demo", messages=())
HI, BYE = TextDelta("Hi"), Finished("stop")


class Wire:
    """The client's side of an ASGI connection: what was sent, and when it leaves."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.left = asyncio.Event()
        self.scope: Any = {}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    def tells(self) -> "Wire":
        """This client's server tells by itself when it leaves."""

        def on_leaving(leave: Callable[[], None]) -> asyncio.Task[None] | None:
            asyncio.get_running_loop().create_task(self.left.wait()).add_done_callback(
                lambda _: leave()
            )
            return asyncio.current_task()

        self.scope["extensions"] = {LEAVING: on_leaving}
        return self

    async def receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])


def writer() -> ChunkWriter:
    return ChunkWriter(Answer(id="x", model="demo", created=7), include_usage=False)


async def test_one_batch_is_one_write() -> None:
    backend, wire = ScriptedBackend([HI, HI, HI], [HI, BYE]), Wire()
    await send_events(wire.send, writer(), backend.chat(ASKED), Notes())
    assert [message["more_body"] for message in wire.sent[1:]] == [True, True, False]
    assert wire.body.endswith(b"data: [DONE]\n\n")


async def test_what_fails_before_the_first_batch_is_no_stream() -> None:
    backend, wire = ScriptedBackend(BackendUnreachable("Refused.")), Wire()
    with pytest.raises(BackendUnreachable):
        await send_events(wire.send, writer(), backend.chat(ASKED), Notes())
    assert wire.sent == []


async def test_an_answer_without_an_event_is_a_failure() -> None:
    with pytest.raises(BackendFailed):
        await send_events(Wire().send, writer(), ScriptedBackend().chat(ASKED), Notes())


@pytest.mark.parametrize("error", [BackendFailed("Broke."), KeyError("secret")])
async def test_what_fails_later_is_an_error_frame_and_no_end_mark(error: Exception) -> None:
    wire = Wire()
    await send_events(wire.send, writer(), ScriptedBackend([HI], error).chat(ASKED), Notes())
    frames = wire.body.split(b"\n\n")
    assert frames[-2].startswith(b'data: {"error":{')
    assert b"[DONE]" not in wire.body
    assert b"secret" not in wire.body
    assert wire.sent[-1]["more_body"] is False


async def answer(backend: ScriptedBackend, wire: Wire) -> None:
    with WhileConnected(wire.scope, wire.receive):
        await send_events(wire.send, writer(), backend.chat(ASKED), Notes())


@pytest.mark.parametrize("script", [(60.0,), ([HI], 60.0)], ids=["before", "within"])
@pytest.mark.parametrize("tells", [False, True], ids=["received", "told"])
async def test_a_client_that_leaves_ends_the_work_upstream(script: Any, tells: bool) -> None:
    backend, wire = ScriptedBackend(*script), Wire()
    if tells:
        wire.tells()
    answering = asyncio.create_task(answer(backend, wire))
    await asyncio.sleep(0.01)
    wire.left.set()
    async with asyncio.timeout(1):
        await answering
    assert backend.left.is_set()


async def test_a_server_that_goes_down_says_so_in_the_stream() -> None:
    backend, wire = ScriptedBackend([HI], 60.0), Wire()
    answering = asyncio.create_task(answer(backend, wire))
    await asyncio.sleep(0.01)
    answering.cancel()
    await answering
    assert b"shutting down" in wire.body
    assert backend.left.is_set()


async def test_a_server_that_goes_down_before_the_stream_leaves_the_answer_to_others() -> None:
    answering = asyncio.create_task(answer(ScriptedBackend(60.0), Wire()))
    await asyncio.sleep(0.01)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering


async def test_no_watcher_is_left_behind() -> None:
    before = asyncio.all_tasks()
    await answer(ScriptedBackend([HI, BYE]), Wire())
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == before


async def streamed(backend: ScriptedBackend) -> Wire:
    wire = Wire()
    await send_events(wire.send, writer(), backend.chat(ASKED), Notes(), ping=0.05)
    return wire


async def test_a_silent_model_does_not_make_a_silent_stream() -> None:
    wire = await streamed(ScriptedBackend(0.13, [HI], 0.13, [BYE]))
    frames = wire.body.split(b"\n\n")
    assert frames[0] == b": keep-alive"
    assert b'"role":"assistant"' in next(frame for frame in frames if frame.startswith(b"data"))
    assert 2 <= frames.count(b": keep-alive") <= 5
    assert wire.body.endswith(b"data: [DONE]\n\n")


async def test_what_fails_after_a_ping_is_an_error_frame() -> None:
    wire = await streamed(ScriptedBackend(0.08, BackendUnreachable("Refused.")))
    assert wire.sent[0]["status"] == 200
    assert wire.body.startswith(b': keep-alive\n\ndata: {"error":{"message":"Refused."')
    assert b"[DONE]" not in wire.body


async def test_a_stream_that_moves_has_no_pings_and_leaves_no_timer() -> None:
    wire = await streamed(ScriptedBackend([HI], 0.03, [HI], 0.03, [HI], 0.03, [HI], 0.03, [BYE]))
    assert b": keep-alive" not in wire.body
    sent = len(wire.sent)
    await asyncio.sleep(0.12)
    assert len(wire.sent) == sent


async def test_a_ping_never_comes_beside_the_first_frame() -> None:
    """Its time may come in the very turn of the loop in which the stream begins."""
    for wait in (0.049, 0.05, 0.051):
        wire = await streamed(ScriptedBackend(wait, [HI], [BYE]))
        assert [message["type"] for message in wire.sent].count("http.response.start") == 1


async def test_a_family_may_open_its_streams_at_once_and_in_its_own_manner() -> None:
    wire, backend = Wire(), ScriptedBackend(BackendUnreachable("Refused."))
    batches = backend.chat(ASKED)
    await send_events(wire.send, writer(), batches, Notes(), manner=MOCHI)
    assert (b"cache-control", b"no-store") in wire.sent[0]["headers"]
    assert wire.sent[1] == {"type": "http.response.body", "body": b"", "more_body": True}
    assert wire.body.startswith(b'data: {"error":{"message":"Refused."')


async def test_whoever_cancels_an_answer_may_say_why() -> None:
    backend, wire = ScriptedBackend([HI], 60.0), Wire()
    answering = asyncio.create_task(answer(backend, wire))
    await asyncio.sleep(0.01)
    answering.cancel(BackendFailed("It was taken away."))
    await answering
    assert b'{"error":{"message":"It was taken away."' in wire.body


async def test_the_work_upstream_ends_before_the_last_frame_is_sent() -> None:
    backend, wire = ScriptedBackend([HI], [HI], 60.0), Wire()
    blocked = asyncio.Event()

    async def send(message: Message) -> None:
        wire.sent.append(message)
        if len(wire.sent) > 2:
            await blocked.wait()

    batches = backend.chat(ASKED)
    answering = asyncio.create_task(send_events(send, writer(), batches, Notes()))
    await asyncio.sleep(0.01)
    answering.cancel()
    async with asyncio.timeout(1):
        await backend.left.wait()
    blocked.set()
    await answering


async def test_silence_never_lasts_longer_than_was_said() -> None:
    """Also the one that begins just after something had moved."""
    wire = Wire()
    moments: list[float] = []
    loop = asyncio.get_running_loop()

    async def send(message: Any) -> None:
        moments.append(loop.time())
        await wire.send(message)

    backend = ScriptedBackend([HI], 0.65, [BYE])
    await send_events(send, writer(), backend.chat(ASKED), Notes(), ping=0.15)
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert max(gaps) < 0.21
