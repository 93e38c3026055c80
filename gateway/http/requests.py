"""Request ids, what is counted and logged of each request, and the last resort for what nobody
caught: the outermost layer."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Collection, Iterable, Mapping
from time import perf_counter, time
from typing import Any, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.core.errors import Overloaded
from gateway.core.faults import let_go, word_of
from gateway.core.ids import new_id
from gateway.core.metrics import WEBSOCKET, Metrics
from gateway.core.tallies import OTHER
from gateway.http.errors import render, send_error
from gateway.http.request_log import ACCESS, LogRequest, log_as_record
from gateway.http.streams import GOING_DOWN

__all__ = ["Requests", "answer_error", "answer_headers", "note_error", "request_headers"]

log = logging.getLogger("mochi")
access_log = logging.getLogger(ACCESS)

NOSNIFF = (b"x-content-type-options", b"nosniff")
STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})
GOOD_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")


class Requests:
    """Gives every request an id, and every answer the headers that all answers carry.

    The id is the client's own `x-request-id` when that is a plain word, else a new one; it is in
    `scope["state"]["request_id"]` and on the answer. Layers further in add to what goes out through
    `answer_headers`, so that there is one wrapping of `send` for all of them.

    What is known of a request at its end is added to `metrics`, by the raw `routes` or Litestar's
    templates. Layers further in leave what they know in the notes in `scope["state"]["notes"]`, and
    with `note_error`. Where the logger `mochi.access` says so, each is given to `log_request`, too.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics | None = None,
        *,
        routes: Collection[str] = (),
        log_request: LogRequest = log_as_record,
    ) -> None:
        self._log = log_request
        self.app = app
        metrics = metrics or Metrics()
        self._traffic = metrics.traffic
        self._answered = metrics.traffic.answered
        self._errors = metrics.noted.errors
        self._routes = frozenset(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        extra = prepared(scope)
        status = sent = 0
        logged = access_log.isEnabledFor(logging.INFO)
        self._traffic.begun += 1

        # A plain function: one coroutine less for every chunk of a stream.
        def answer(message: Any) -> Awaitable[None]:
            nonlocal status, sent
            if message["type"] in STARTS:
                status = message.get("status", 101)
                # A copy: a route may send the same message object with every answer.
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            elif logged:
                sent += len(message.get("body", b""))
            return send(message)

        began = perf_counter()
        try:
            await self.app(scope, receive, answer)
        except asyncio.CancelledError:
            # Not by a client that left, so by the server, whose time for answers is over.
            if status:
                raise
            await answer_error(scope, answer, Overloaded(GOING_DOWN))
        except Exception as error:
            if status:
                request_id = scope["state"]["request_id"]
                log.exception("request %s broke off after its answer had begun", request_id)
                raise  # the server aborts the connection: a cut answer must not look whole
            await answer_error(scope, answer, error)
            let_go(error)
        finally:
            seconds = perf_counter() - began
            self._count(scope, status, seconds)
            if logged:
                self._log((time(), scope, self._route(scope), status, seconds, sent))

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        """That a request is over."""
        try:  # most paths are a route of their own, and came before
            self._answered[scope["path"], scope["method"], status].observe(seconds)  # type: ignore[typeddict-item]
        except KeyError:
            method = str(scope.get("method", WEBSOCKET))
            self._traffic.durations(self._route(scope), method, status).observe(seconds)
        if status >= 400:
            self._errors.add(scope["state"].get("error", OTHER))

    def _route(self, scope: Scope) -> str:
        """A raw route or the part of it that is fixed, or the template of what Litestar serves."""
        path = scope["path"]
        if path in self._routes:
            return path
        if template := scope.get("path_template"):
            return str(template)
        folder = path[: path.rfind("/") + 1]
        return folder if folder in self._routes else OTHER


def prepared(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Put into the state of a request what inner layers read there; the headers of its answer."""
    headers = dict(scope["headers"])
    if len(headers) != len(scope["headers"]):  # type: ignore[arg-type]
        headers = joined(scope["headers"])
    request_id = id_of(headers)
    extra = [(b"x-request-id", request_id.encode()), NOSNIFF]
    state = scope.setdefault("state", {})
    state["headers"] = headers
    state["request_id"] = request_id
    state["answer_headers"] = extra
    return extra


def joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers with the values of repeated ones joined by commas (RFC 9110, 5.2).

    So a second Host, Origin or Authorization makes one value that is on no list.
    """
    together: dict[bytes, bytes] = {}
    for name, value in headers:
        together[name] = together[name] + b", " + value if name in together else value
    return together


def id_of(headers: Mapping[bytes, bytes]) -> str:
    """The client's request id if it can stand in a header and a log line as it is, else a new."""
    given = headers.get(b"x-request-id")
    if given is not None and GOOD_ID.fullmatch(given):
        return given.decode()
    return new_id("req_")


def request_headers(scope: Scope) -> dict[bytes, bytes]:
    """The request's headers by their lower-case names, for inner layers to read."""
    headers: dict[bytes, bytes] = scope["state"]["headers"]
    return headers


def answer_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """What will be on the answer to this request, whatever it is; for inner layers to extend."""
    headers: list[tuple[bytes, bytes]] = scope["state"]["answer_headers"]
    return headers


def note_error(scope: Scope, error: Exception) -> None:
    """Have it counted and logged what a request ended in."""
    scope.setdefault("state", {})["error"] = word_of(error)


async def answer_error(scope: Scope, send: Send, error: Exception) -> None:
    """Answer with `error`, before anything else was sent.

    A WebSocket handshake is refused with an ordinary HTTP answer where the server can send one
    (the ASGI extension "websocket.http.response"), else closed, which servers turn into a 403.
    """
    note_error(scope, error)
    if scope["type"] == ScopeType.HTTP:
        await send_error(send, scope["path"], error)
    elif "websocket.http.response" in (scope.get("extensions") or ()):
        status, headers, body = render(scope["path"], error)
        start = {"type": "websocket.http.response.start", "status": status, "headers": headers}
        await send(cast(Message, start))
        await send(cast(Message, {"type": "websocket.http.response.body", "body": body}))
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": None})
