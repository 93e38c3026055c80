"""What the SDK sends and gets, told to the recorder: its own HTTP client shows it to nobody."""

from collections.abc import AsyncIterator, Iterator

from httpx2 import AsyncByteStream, Request, Response, SyncByteStream
from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

from conformance_tests.judging.evidence import Record, recorder

__all__ = ["watched", "watched_async"]

RECORD = "conformance"
"""Of the extensions of a request: where its record travels."""


def watched() -> DefaultHttpxClient:
    """The SDK's usual client."""

    def answered(response: Response) -> None:
        record = begun(response)
        if isinstance(response.stream, SyncByteStream):
            response.stream = Watched(response.stream, record)

    return DefaultHttpxClient(event_hooks={"request": [sent], "response": [answered]})


def watched_async() -> DefaultAsyncHttpxClient:
    """Its asynchronous twin."""

    async def asked(request: Request) -> None:
        sent(request)

    async def answered(response: Response) -> None:
        record = begun(response)
        if isinstance(response.stream, AsyncByteStream):
            response.stream = WatchedAsync(response.stream, record)

    return DefaultAsyncHttpxClient(event_hooks={"request": [asked], "response": [answered]})


def sent(request: Request) -> None:
    lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    raw = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + request.content
    request.extensions[RECORD] = recorder.sent(raw)


def begun(response: Response) -> Record:
    record: Record = response.request.extensions[RECORD]
    line = f"{response.http_version} {response.status_code} {response.reason_phrase}"
    record.begins(line.rstrip(), list(response.headers.multi_items()))
    return record


class Watched(SyncByteStream):
    """A body, as it is read."""

    def __init__(self, stream: SyncByteStream, record: Record) -> None:
        self.stream, self.record = stream, record

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.stream:
            self.record.goes_on(piece)
            yield piece

    def close(self) -> None:
        self.stream.close()


class WatchedAsync(AsyncByteStream):
    """The same, asynchronously."""

    def __init__(self, stream: AsyncByteStream, record: Record) -> None:
        self.stream, self.record = stream, record

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self.stream:
            self.record.goes_on(piece)
            yield piece

    async def aclose(self) -> None:
        await self.stream.aclose()
