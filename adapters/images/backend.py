"""Remote images, fetched before the model is asked."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from adapters.images.fetcher import ImageFetcher
from gateway.core.backend import Backend
from gateway.core.errors import InvalidRequest
from gateway.core.events import Batch
from gateway.core.messages import ImagePart, Message, RemoteImagePart
from gateway.core.requests import ChatRequest
from gateway.core.wrapping import BackendWrapper

__all__ = ["FetchingBackend"]

AT_A_TIME: Final = 4
"""By the whole gateway: whoever can name addresses here must not make it a flood to others."""
MOST_IMAGES: Final = 16
ALL_SECONDS: Final = 60
LARGEST_REQUEST: Final = 32 * 1024 * 1024
"""Bytes, as much as a body may bring along in data URIs by default."""


class FetchingBackend(BackendWrapper):
    """Another backend, which is only ever shown images that are there."""

    def __init__(self, backend: Backend, fetcher: ImageFetcher) -> None:
        super().__init__(backend)
        self._fetcher = fetcher
        self._free = asyncio.Semaphore(AT_A_TIME)
        self._fetching: dict[int, _Fetching] = {}

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """`InvalidRequest` for an image that cannot be fetched, at the first iteration."""
        remote = _remote(request.messages)
        return self._fetched_chat(request, remote) if remote else self._inner.chat(request)

    async def _fetched_chat(
        self, request: ChatRequest, remote: dict[str, RemoteImagePart]
    ) -> AsyncGenerator[Batch, None]:
        images = await self._images(request, remote)
        messages = tuple([_with_images(message, images) for message in request.messages])
        async with aclosing(self._inner.chat(replace(request, messages=messages))) as batches:
            async for batch in batches:
                yield batch

    async def _images(
        self, request: ChatRequest, remote: dict[str, RemoteImagePart]
    ) -> dict[str, ImagePart]:
        """Fetched once for all choices of a request, which share its messages; until the last of
        them has gone."""
        key = id(request.messages)
        fetching = self._fetching.get(key)
        if fetching is None:
            task = asyncio.create_task(self._fetch_all([*remote.values()]))
            fetching = self._fetching[key] = _Fetching(task)
        fetching.waiting += 1
        try:
            return await asyncio.shield(fetching.task)
        finally:
            fetching.waiting -= 1
            if not fetching.waiting:
                fetching.task.cancel()
                self._fetching.pop(key, None)

    async def _fetch_all(self, remote: Sequence[RemoteImagePart]) -> dict[str, ImagePart]:
        """By URL. The first failure ends the rest."""
        if len(remote) > MOST_IMAGES:
            raise InvalidRequest(
                f"A request may name {MOST_IMAGES} images to fetch, not {len(remote)}.",
                param=remote[MOST_IMAGES].param,
                reason="array_above_max_length",
            )
        images: dict[str, ImagePart] = {}
        room = LARGEST_REQUEST * 4 // 3

        async def fetch(part: RemoteImagePart) -> None:
            nonlocal room
            async with self._free:
                image = await self._fetcher.fetch(part)
            room -= len(image.base64)
            if room < 0:
                raise InvalidRequest(
                    f"The images of this request are larger than {LARGEST_REQUEST} bytes together.",
                    param=part.param,
                    reason="invalid_value",
                )
            images[part.url] = image

        try:
            async with asyncio.timeout(ALL_SECONDS), asyncio.TaskGroup() as group:
                for part in remote:
                    group.create_task(fetch(part))
        except TimeoutError:
            raise InvalidRequest(
                f"The images could not be fetched in {ALL_SECONDS} seconds.",
                param=remote[0].param,
                reason="invalid_value",
            ) from None
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return images


class _Fetching(Struct):
    """The images of one request on their way, and how many choices wait for them."""

    task: asyncio.Task[dict[str, ImagePart]]
    waiting: int = 0


def _remote(messages: Iterable[Message]) -> dict[str, RemoteImagePart]:
    """By URL, so that one that a history repeats is fetched once."""
    found: dict[str, RemoteImagePart] = {}
    for message in messages:
        for part in message.content:
            if isinstance(part, RemoteImagePart):
                found.setdefault(part.url, part)
    return found


def _with_images(message: Message, images: dict[str, ImagePart]) -> Message:
    if not any(isinstance(part, RemoteImagePart) for part in message.content):
        return message
    content = tuple(
        images[part.url] if isinstance(part, RemoteImagePart) else part for part in message.content
    )
    return replace(message, content=content)
