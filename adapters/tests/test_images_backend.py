"""A backend that is only shown images that are there."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from adapters.images.backend import AT_A_TIME, FetchingBackend
from adapters.images.fetcher import ImageFetcher
from adapters.tests.misbehaving import Peer, answer, serving
from gateway.core.backend import Backend
from gateway.core.errors import InvalidRequest
from gateway.core.events import Batch, ChatEvent, Finished, TextDelta, each
from gateway.core.messages import (
    AssistantMessage,
    ImagePart,
    RemoteImagePart,
    TextPart,
    UserMessage,
    text,
)
from gateway.core.requests import ChatRequest, CompletionRequest
from gateway.testing import ScriptedBackend

pytestmark = pytest.mark.usefixtures("nothing_left")

SCRIPT: tuple[list[ChatEvent], ...] = ([TextDelta("A cat.")], [Finished("stop")])
PNG = b"\x89PNG\r\n\x1a\n rest"


async def loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def fetching(inner: ScriptedBackend) -> FetchingBackend:
    fetcher = ImageFetcher(
        resolve=loopback, allowed=lambda address: address.is_loopback, ports=range(65536)
    )
    return FetchingBackend(inner, fetcher)


def asking(*parts: RemoteImagePart | TextPart | ImagePart) -> ChatRequest:
    return ChatRequest(model="demo", messages=(UserMessage(text("Hi")), UserMessage(parts)))


def image(url: str, at: int = 0) -> RemoteImagePart:
    return RemoteImagePart(url, f"messages[1].content[{at}]")


def fetched(body: bytes = PNG) -> ImagePart:
    return ImagePart(b64encode(body).decode(), "image/png")


async def path_of(peer: Peer) -> str:
    return (await peer.request()).split()[1].decode()


async def echoing(peer: Peer) -> None:
    """A PNG that ends with the path it was asked for at."""
    await peer.send(answer(PNG + (await path_of(peer)).encode()))


async def test_it_is_a_backend() -> None:
    assert isinstance(fetching(ScriptedBackend()), Backend)


class Remembering(ScriptedBackend):
    """Keeps the last stream it has given out."""

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        self.stream = super().chat(request)
        return self.stream


async def test_without_remote_images_nothing_stands_between() -> None:
    inner = Remembering(*SCRIPT)
    request = asking(TextPart("What is this?"), fetched())
    batches = fetching(inner).chat(request)
    assert batches is inner.stream
    assert [event async for event in each(batches)] == [TextDelta("A cat."), Finished("stop")]
    assert inner.requests[0] is request


async def test_images_take_the_place_of_their_urls() -> None:
    inner = ScriptedBackend(*SCRIPT)
    async with serving(echoing) as server:
        request = ChatRequest(
            model="demo",
            messages=(
                UserMessage((TextPart("a"), image(f"{server.url}/1"), fetched())),
                AssistantMessage(text("b")),
                UserMessage((image(f"{server.url}/2"), image(f"{server.url}/1"))),
            ),
        )
        batches = fetching(inner).chat(request)
        assert [event async for event in each(batches)] == [TextDelta("A cat."), Finished("stop")]
        assert server.connections == 2  # the same URL once
    one, two = fetched(PNG + b"/1"), fetched(PNG + b"/2")
    assert inner.requests[0].messages == (
        UserMessage((TextPart("a"), one, fetched())),
        AssistantMessage(text("b")),
        UserMessage((two, one)),
    )
    assert inner.requests[0].notes is request.notes


async def test_some_are_fetched_at_a_time() -> None:
    inner = ScriptedBackend(*SCRIPT)
    running, most, full = 0, 0, asyncio.Event()

    async def script(peer: Peer) -> None:
        nonlocal running, most
        await peer.request()
        running += 1
        most = max(most, running)
        if running == AT_A_TIME:
            full.set()
        await full.wait()
        await asyncio.sleep(0.01)
        running -= 1
        await peer.send(answer(PNG))

    async with serving(script) as server:
        urls = [f"{server.url}/{number}" for number in range(3 * AT_A_TIME)]
        batches = fetching(inner).chat(asking(*map(image, urls)))
        assert [event async for event in each(batches)]
    assert most == AT_A_TIME


async def test_one_that_fails_ends_the_others_and_nobody_is_asked() -> None:
    inner = ScriptedBackend(*SCRIPT)
    waiting = asyncio.Event()

    async def script(peer: Peer) -> None:
        if await path_of(peer) == "/slow":
            waiting.set()
            await peer.left()
        else:
            await waiting.wait()
            await peer.send(answer(b"", "404 Not Found"))

    async with serving(script) as server:
        request = asking(image(f"{server.url}/slow"), image(f"{server.url}/gone", 1))
        with pytest.raises(InvalidRequest, match="status 404") as caught:
            await anext(fetching(inner).chat(request))
        assert caught.value.param == "messages[1].content[1]"
        async with asyncio.timeout(2):
            await server.idle.wait()
    assert inner.requests == []


async def test_all_images_of_a_request_have_a_largest_size() -> None:
    inner = ScriptedBackend(*SCRIPT)
    large = answer(PNG + bytes(9 * 1024 * 1024))

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(large)

    async with serving(script) as server:
        urls = [f"{server.url}/{number}" for number in range(4)]
        with pytest.raises(InvalidRequest, match="larger than 33554432 bytes together"):
            await anext(fetching(inner).chat(asking(*map(image, urls))))
    assert inner.requests == []


async def test_who_leaves_while_an_image_is_fetched_leaves_no_connection() -> None:
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.left()

    async with serving(script) as server:
        batches = fetching(ScriptedBackend(*SCRIPT)).chat(asking(image(server.url)))
        first = asyncio.ensure_future(anext(batches))
        await asked.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        async with asyncio.timeout(2):
            await server.idle.wait()


async def test_who_leaves_during_the_answer_ends_the_chat() -> None:
    inner = ScriptedBackend(*SCRIPT)
    async with serving(echoing) as server:
        async with aclosing(fetching(inner).chat(asking(image(server.url)))) as batches:
            assert await anext(batches) == [TextDelta("A cat.")]
        assert inner.left.is_set()


async def test_all_else_is_the_inner_backends() -> None:
    inner = ScriptedBackend([Finished("stop")], models=["a", "b"])
    backend = fetching(inner)
    assert await backend.models() == await inner.models()
    assert await backend.show("a") == await inner.show("a")
    assert await backend.version() == "0.0.0"
    completion = CompletionRequest(model="a", prompt="Once")
    assert [event async for event in each(backend.complete(completion))] == [Finished("stop")]
    await backend.aclose()
