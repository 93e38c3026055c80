"""Calling an ASGI app by hand, with raw headers that no client library would send, and the front
door around it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar.types import ASGIApp

from gateway.http.guards import GuardRules, Guards
from gateway.http.requests import Requests

__all__ = [
    "HOST",
    "METHODS",
    "Answer",
    "Header",
    "ask",
    "call",
    "front",
    "hello",
    "refused",
    "streaming",
]

Header = tuple[bytes, bytes]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
HOST = (b"host", b"localhost:8000")


class Answer(msgspec.Struct, frozen=True):
    """What an app sent. `headers` as they came, repeated ones included."""

    status: int
    headers: tuple[Header, ...]
    body: bytes

    def __getitem__(self, name: str) -> str | None:
        """The header of this name; `None` when it is not there."""
        values = [value.decode() for key, value in self.headers if key == name.encode()]
        return ", ".join(values) if values else None

    @property
    def error(self) -> Any:
        return msgspec.json.decode(self.body)["error"]


async def call(
    app: ASGIApp,
    method: str = "GET",
    path: str = "/v1/models",
    headers: Sequence[Header] = ((b"host", b"localhost"),),
    **scope: Any,
) -> Answer:
    """Put one request to `app`. `scope` overrides what a server would say about it."""
    sent: list[Any] = []
    events = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        """The empty body, and then nothing: this client stays."""
        event = next(events, None)
        if event is None:
            await asyncio.Event().wait()
        return event

    async def send(message: Any) -> None:
        sent.append(message)

    request: Any = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "scheme": "http",
        "headers": list(headers),
        **scope,
    }
    await app(request, receive, send)
    start = sent[0]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(start.get("status", 0), tuple(start.get("headers", ())), body)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """An app that is glad about everything, with one message object for all its answers."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send(OK)
    await send({"type": "http.response.body", "body": b"hello"})


OK = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]}


async def streaming(scope: Any, receive: Any, send: Any) -> None:
    """An app that answers in three chunks."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for chunk in (b"one ", b"two ", b"three"):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def front(app: ASGIApp = hello, **rules: Any) -> ASGIApp:
    return Requests(Guards(app, GuardRules(**rules)))


async def ask(
    *headers: Header, app: ASGIApp | None = None, method: str = "GET", path: str = "/v1/models"
) -> Answer:
    return await call(app or front(), method, path, (HOST, *headers))


def refused(answer: Answer, status: int, code: str) -> bool:
    return answer.status == status and answer.error["code"] == code
