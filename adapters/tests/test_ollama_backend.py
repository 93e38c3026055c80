"""The backend against scripted servers: broken answers, dead connections, callers who leave."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from adapters.ollama.backend import OllamaBackend
from adapters.tests.playback import FOREVER, answer, crumbs, playing, stream, whole
from adapters.upstream.client import Limits, Timeouts, UpstreamClient
from gateway.core.backend import Backend
from gateway.core.errors import (
    BackendBusy,
    BackendFailed,
    BackendRateLimited,
    BackendTimeout,
    BackendUnreachable,
    MochiError,
    ModelNotFound,
    Unsupported,
)
from gateway.core.events import Batch, ChatEvent, Finished, TextDelta
from gateway.core.messages import AudioPart, RemoteImagePart, UserMessage, text
from gateway.core.replies import collect
from gateway.core.requests import ChatRequest, EmbedRequest

HELLO = ChatRequest(model="demo", messages=(UserMessage(text("Hello")),))
HASTY = Timeouts(connect=0.1, first_byte=0.1, between_reads=0.1)

HI = b'{"message":{"content":"Hi"},"done":false}'
DONE = b'{"message":{"content":""},"done":true,"done_reason":"stop"}'
SHOWN = b'{"capabilities":["completion"]}'
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
)
SAYS_HI = b"2a\r\n" + HI + b"\n\r\n"

AT_ONCE = 1
"""Seconds: generous to a busy machine, and far below the time-outs of the client."""


async def said(batches: AsyncGenerator[Batch, None]) -> tuple[list[ChatEvent], type | None]:
    """The events of a chat, and the type of the error that ended it."""
    events: list[ChatEvent] = []
    try:
        async for batch in batches:
            assert batch
            events.extend(batch)
    except MochiError as error:
        return events, type(error)
    return events, None


def test_it_is_a_backend() -> None:
    assert isinstance(OllamaBackend(UpstreamClient("http://127.0.0.1:9")), Backend)


async def test_an_image_that_was_not_fetched_is_refused_before_anything_is_asked() -> None:
    image = RemoteImagePart("http://x/y.png", "messages[0]")
    async with playing(answer(SHOWN)) as (backend, server):
        with pytest.raises(Unsupported, match="MOCHI_ALLOW_REMOTE_IMAGES=true") as caught:
            await anext(backend.chat(ChatRequest(model="demo", messages=(UserMessage((image,)),))))
        assert caught.value.param == "messages[0]"
        assert server.requests == []


LISTEN = ChatRequest(model="demo", messages=(UserMessage((AudioPart("AAAA", "wav"),)),))


async def test_sounds_are_not_sent_to_a_model_that_cannot_listen() -> None:
    async with playing(answer(SHOWN)) as (backend, server):
        with pytest.raises(Unsupported, match="'demo' takes no sounds") as caught:
            await anext(backend.chat(LISTEN))
        assert (caught.value.param, caught.value.reason) == ("messages", "unsupported_value")
        assert [request for request, _ in server.requests] == ["POST /api/show"]


@pytest.mark.parametrize("shown", [b'{"capabilities":["completion","audio"]}', b"{}"])
async def test_sounds_are_sent_to_a_model_that_listens_or_may(shown: bytes) -> None:
    async with playing(answer(shown), whole(stream(HI, DONE))) as (backend, server):
        assert (await said(backend.chat(LISTEN)))[1] is None
        assert [request for request, _ in server.requests] == ["POST /api/show", "POST /api/chat"]
        assert b'"images":["AAAA"]' in server.requests[1][1]


async def test_one_read_is_one_batch() -> None:
    async with playing(whole(stream(HI, HI, DONE))) as (backend, _):
        batches = [batch async for batch in backend.chat(HELLO)]
    assert batches == [[TextDelta("Hi"), TextDelta("Hi"), Finished("stop")]]
    async with playing(stream(HI, HI, DONE)) as (backend, _):
        batches = [batch async for batch in backend.chat(HELLO)]
    assert batches == [[TextDelta("Hi")], [TextDelta("Hi")], [Finished("stop")]]


async def test_what_is_asked() -> None:
    async with playing(stream(DONE)) as (backend, playback):
        await collect(backend.chat(HELLO))
    assert playback.requests == [
        (
            "POST /api/chat",
            b'{"model":"demo","messages":[{"role":"user","content":"Hello"}],'
            b'"stream":true,"truncate":false}',
        )
    ]


async def test_what_cannot_be_asked_is_never_sent() -> None:
    request = ChatRequest(model="demo", messages=(), tool_choice="required")
    async with playing(stream(DONE)) as (backend, playback):
        assert await said(backend.chat(request)) == ([], Unsupported)
        assert playback.connections == 0


@pytest.mark.parametrize(
    "script",
    [
        stream(HI),
        stream(HI, b'{"message":'),
        answer([HI, b"\n", DONE[:30]], content_type="application/x-ndjson"),
        answer(HI + b"\n" + DONE[:30], content_type="application/x-ndjson"),
        [HEAD, SAYS_HI],
        [HEAD, SAYS_HI, b"ff\r\n" + DONE],
        [HEAD, SAYS_HI, b"not a chunk"],
        stream(HI, b"<html>"),
        stream(HI, b'{"error":"scripted"}'),
        stream(HI, b'{"message":{"content":5}}'),
    ],
)
@pytest.mark.parametrize("cut", [list, crumbs])
async def test_an_answer_that_breaks_off(script: list[bytes], cut: Any) -> None:
    closing = [part.replace(b"200 OK", b"200 OK\r\nConnection: close") for part in script]
    async with playing(cut(closing)) as (backend, _):
        assert await said(backend.chat(HELLO)) == ([TextDelta("Hi")], BackendFailed)


@pytest.mark.parametrize(
    "script",
    [
        answer(b"<html>Welcome</html>", content_type="text/html"),
        answer(b"Ollama is running", content_type="text/plain; charset=utf-8"),
        answer(b"", content_type="application/json"),
        answer(b"[]"),
        answer(b"<html>Bad Gateway</html>", content_type="text/html", status=502),
        answer(b"404 page not found", content_type="text/plain", status=404),
        answer(b"", status=403),
        answer(b'{"error":"' + b"x" * 2_000_000 + b'"}', status=500),
        answer(b"", status=301, headers="Location: http://example.org/\r\n"),
    ],
)
async def test_answers_that_are_not_ollamas(script: list[bytes]) -> None:
    async with playing(script) as (backend, _):
        assert await said(backend.chat(HELLO)) == ([], BackendFailed)
        for call in (backend.models(), backend.version(), backend.show("demo")):
            with pytest.raises(BackendFailed) as caught:
                await call
            assert "html" not in caught.value.message


async def test_an_answer_of_unknown_type_is_read() -> None:
    async with playing(answer(DONE + b"\n", content_type="")) as (backend, _):
        assert await said(backend.chat(HELLO)) == ([Finished("stop")], None)


@pytest.mark.parametrize(
    ("status", "kind", "retry_after", "header"),
    [
        (503, BackendBusy, 1, ""),
        (503, BackendBusy, 7, "Retry-After: 7\r\n"),
        (429, BackendRateLimited, None, ""),
        (429, BackendRateLimited, None, "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n"),
        (429, BackendRateLimited, 30, "Retry-After: 30\r\n"),
        (429, BackendRateLimited, 86_400, f"Retry-After: {'9' * 400}\r\n"),
    ],
)
async def test_how_long_to_wait(
    status: int, kind: type[MochiError], retry_after: float | None, header: str
) -> None:
    script = answer(b'{"error":"later"}', status=status, headers=header)
    async with playing(script) as (backend, _):
        with pytest.raises(kind) as caught:
            await collect(backend.chat(HELLO))
    assert isinstance(caught.value, BackendBusy | BackendRateLimited)
    assert caught.value.retry_after == retry_after


async def test_lines_may_be_long_but_not_without_end() -> None:
    long = b'{"message":{"content":"%b"}}' % (b"x" * 1_000_000)
    async with playing(stream(long, DONE)) as (backend, _):
        events, error = await said(backend.chat(HELLO))
    assert (events[0], error) == (TextDelta("x" * 1_000_000), None)
    async with playing([HEAD, b"900000\r\n" + b"x" * 0x900000]) as (backend, _):
        assert await said(backend.chat(HELLO)) == ([], BackendFailed)


async def test_one_connection_serves_one_chat_after_another() -> None:
    last = stream(DONE)
    late = [b"".join(last[:-1]), last[-1]]
    async with playing(stream(HI, DONE), whole(stream(HI, DONE)), late) as (backend, playback):
        for _ in range(6):
            assert (await collect(backend.chat(HELLO))).reason == "stop"
            events, error = await said(backend.chat(HELLO))
            assert (events[-1], error) == (Finished("stop"), None)
        assert (playback.connections, len(playback.requests)) == (1, 12)


async def test_a_refusal_keeps_the_connection() -> None:
    refusal = answer(b'{"error":"model \'demo\' not found"}', status=404)
    async with playing(refusal, stream(DONE)) as (backend, playback):
        assert await said(backend.chat(HELLO)) == ([], ModelNotFound)
        await collect(backend.chat(HELLO))
        assert playback.connections == 1


@pytest.mark.parametrize("more", [[b"1\r\nx\r\n", FOREVER], [FOREVER], [b"5\r\nrubbi"]])
async def test_an_answer_that_has_ended_is_whole_whatever_follows(more: list[Any]) -> None:
    script = [HEAD, b"%x\r\n%b\n\r\n" % (len(DONE) + 1, DONE), *more]
    async with playing(script, timeouts=HASTY) as (backend, _):
        assert await said(backend.chat(HELLO)) == ([Finished("stop")], None)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ([FOREVER], BackendTimeout),
        ([HEAD, FOREVER], BackendTimeout),
        ([HEAD[:20], FOREVER], BackendTimeout),
        ([b"SSH-2.0-OpenSSH_9.6\r\n"], BackendFailed),
        ([b"HTTP/1.1 200 OK\r\nX: " + b"x" * 5_000], BackendFailed),
        ([HEAD[:20], b"\r\nConnection: close"], BackendFailed),
        ([b"Connection: close"], BackendFailed),
    ],
)
async def test_what_can_happen_to_a_call(script: list[Any], kind: type[MochiError]) -> None:
    limits = Limits(header_bytes=4_096)
    async with playing(script, timeouts=HASTY, limits=limits) as (backend, _):
        assert await said(backend.chat(HELLO)) == ([], kind)
        for call in (backend.models, backend.version):
            with pytest.raises(kind):
                await call()


async def test_silence_in_the_middle() -> None:
    async with playing([HEAD, SAYS_HI, FOREVER], timeouts=HASTY) as (backend, _):
        assert await said(backend.chat(HELLO)) == ([TextDelta("Hi")], BackendTimeout)


async def test_nobody_listens() -> None:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    backend = OllamaBackend(UpstreamClient(f"http://me:secret@127.0.0.1:{port}"))
    with pytest.raises(BackendUnreachable) as caught:
        await backend.version()
    await backend.aclose()
    assert f"127.0.0.1:{port}" in caught.value.message
    assert "secret" not in caught.value.message


async def test_nothing_is_sent_before_the_first_iteration() -> None:
    async with playing(stream(DONE)) as (backend, playback):
        batches = backend.chat(HELLO)
        await asyncio.sleep(0.02)
        await batches.aclose()
        assert playback.connections == 0


async def test_leaving_in_the_middle_ends_the_work_at_once() -> None:
    async with playing([HEAD, SAYS_HI, FOREVER]) as (backend, playback):
        batches = backend.chat(HELLO)
        assert await anext(batches) == [TextDelta("Hi")]
        await batches.aclose()
        assert backend._client.active == 0
        async with asyncio.timeout(AT_ONCE):
            await playback.left.wait()


@pytest.mark.parametrize("script", [[FOREVER], [HEAD, FOREVER], [HEAD, b"2a\r\n" + HI, FOREVER]])
async def test_leaving_while_ollama_is_silent_ends_the_work_at_once(script: list[Any]) -> None:
    async with playing(script) as (backend, playback):
        waiting = asyncio.create_task(collect(backend.chat(HELLO)))
        await playback.asked.wait()
        await asyncio.sleep(0.02)
        waiting.cancel()
        await asyncio.wait([waiting], timeout=AT_ONCE)
        assert waiting.cancelled()
        assert backend._client.active == 0
        async with asyncio.timeout(AT_ONCE):
            await playback.left.wait()


async def test_closing_the_backend_ends_what_runs_with_an_error() -> None:
    async with playing([HEAD, SAYS_HI, FOREVER]) as (backend, playback):
        batches = backend.chat(HELLO)
        await anext(batches)
        waiting = asyncio.create_task(said(batches))
        await asyncio.sleep(0)
        await backend.aclose()
        assert await waiting == ([], BackendFailed)
        async with asyncio.timeout(AT_ONCE):
            await playback.left.wait()
        assert await said(backend.chat(HELLO)) == ([], BackendUnreachable)


async def test_a_show_that_nobody_waits_for_any_more_ends_at_once() -> None:
    async with playing([FOREVER]) as (backend, playback):
        first, second = (asyncio.create_task(backend.show("demo")) for _ in range(2))
        await playback.asked.wait()
        first.cancel()
        await asyncio.wait([first])
        running = {task for task in asyncio.all_tasks() if "ShownModels" in repr(task.get_coro())}
        assert len(running) == 1
        second.cancel()
        await asyncio.wait([second, *running], timeout=1)
        assert all(task.done() for task in running)


async def test_a_list_without_models() -> None:
    for body in (b'{"models":null}', b'{"models":[]}', b"{}"):
        async with playing(answer(body)) as (backend, _):
            assert await backend.models() == []


async def test_an_error_inside_a_200() -> None:
    async with playing(answer(b'{"error":"scripted"}')) as (backend, _):
        request = EmbedRequest(model="demo", inputs=("a",))
        for call in (
            backend.models(),
            backend.version(),
            backend.show("m"),
            backend.embed(request),
        ):
            with pytest.raises(BackendFailed, match="scripted"):
                await call


async def test_no_vectors_for_no_inputs() -> None:
    async with playing(answer(b'{"embeddings":null}')) as (backend, _):
        assert (await backend.embed(EmbedRequest(model="demo", inputs=()))).vectors == ()
        with pytest.raises(BackendFailed):
            await backend.embed(EmbedRequest(model="demo", inputs=("a",)))


async def test_a_server_without_a_version_is_not_well() -> None:
    async with playing(answer(b"{}")) as (backend, _):
        with pytest.raises(BackendFailed):
            await backend.version()


async def test_the_probe_is_short() -> None:
    async with playing([FOREVER]) as (backend, playback):
        hasty = OllamaBackend(backend._client, probe_seconds=0.05)
        with pytest.raises(BackendTimeout):
            await hasty.version()
        async with asyncio.timeout(AT_ONCE):
            await playback.left.wait()


async def test_details_are_kept_until_the_model_changes() -> None:
    def tags(digest: str) -> list[bytes]:
        return answer(b'{"models":[{"name":"demo:latest","digest":"%b"}]}' % digest.encode())

    shown = answer(SHOWN)
    async with playing(tags("a"), shown, tags("a"), tags("b"), shown) as (backend, playback):
        for _ in range(3):
            await backend.models()
            await backend.show("demo")
        await backend.show("demo")
    asked = [request.rpartition("/")[2] for request, _ in playback.requests]
    assert asked == ["tags", "show", "tags", "tags", "show"]


async def test_a_missing_model_is_not_remembered() -> None:
    missing = answer(b'{"error":"model not found"}', status=404)
    async with playing(answer(SHOWN), missing, missing, answer(SHOWN)) as (backend, playback):
        await backend.show("demo")
        with pytest.raises(ModelNotFound):
            await collect(backend.chat(HELLO))
        with pytest.raises(ModelNotFound, match="Demo"):
            await backend.show("Demo")
        await backend.show("demo")
        assert len(playback.requests) == 4
