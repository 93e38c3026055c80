"""Remote images, fetched before the model is asked."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Final

from msgspec.structs import replace

from adapters.images.fetcher import ImageFetcher
from adapters.wrapping import BackendWrapper
from gateway.core.backend import Backend
from gateway.core.errors import InvalidRequest
from gateway.core.events import Batch
from gateway.core.messages import ImagePart, Message, RemoteImagePart
from gateway.core.requests import ChatRequest

__all__ = ["FetchingBackend"]

AT_A_TIME: Final = 4
LARGEST_REQUEST: Final = 32 * 1024 * 1024
"""Bytes, as much as a body may bring along in data URIs by default."""


class FetchingBackend(BackendWrapper):
    """Another backend, which is only ever shown images that are there."""

    def __init__(self, backend: Backend, fetcher: ImageFetcher) -> None:
        super().__init__(backend)
        self._fetcher = fetcher

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """`InvalidRequest` for an image that cannot be fetched, at the first iteration."""
        remote = _remote(request.messages)
        return self._fetched_chat(request, remote) if remote else self._inner.chat(request)

    async def _fetched_chat(
        self, request: ChatRequest, remote: dict[str, RemoteImagePart]
    ) -> AsyncGenerator[Batch, None]:
        images = await self._fetch_all(remote.values())
        messages = tuple([_with_images(message, images) for message in request.messages])
        async with aclosing(self._inner.chat(replace(request, messages=messages))) as batches:
            async for batch in batches:
                yield batch

    async def _fetch_all(self, remote: Iterable[RemoteImagePart]) -> dict[str, ImagePart]:
        """By URL. The first failure ends the rest."""
        images: dict[str, ImagePart] = {}
        free = asyncio.Semaphore(AT_A_TIME)
        room = LARGEST_REQUEST * 4 // 3

        async def fetch(part: RemoteImagePart) -> None:
            nonlocal room
            async with free:
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
            async with asyncio.TaskGroup() as group:
                for part in remote:
                    group.create_task(fetch(part))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return images


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
