"""Ollama's own routes, at the root and unchanged, for clients that add an Ollama server.

The guards apply as everywhere: bodies must call themselves `application/json`, which Ollama itself
does not ask for. So files for a model cannot be uploaded this way (clients send them without a
type), but it can be asked whether they are there.
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from litestar.types import Receive, Scope, Send
from msgspec import Struct

from gateway.core.errors import Denied, InvalidRequest, MethodNotAllowed, Overloaded
from gateway.core.passthrough import PassedAnswer, Passthrough
from gateway.http.ahead import RawRoutes
from gateway.http.body import ClientGone, read_body
from gateway.http.leaving import WhileConnected
from gateway.http.operations import RawOperation

__all__ = ["LARGE_BODIES", "OllamaError", "OllamaRoutes"]

Methods = tuple[str, ...]

ASKING: dict[str, Methods] = {
    "/api/chat": ("POST",),
    "/api/embed": ("POST",),
    "/api/embeddings": ("POST",),
    "/api/generate": ("POST",),
    "/api/ps": ("GET",),
    "/api/show": ("POST",),
    "/api/tags": ("GET", "HEAD"),
    "/api/version": ("GET", "HEAD"),
}
BLOBS = "/api/blobs/"
MANAGING: dict[str, Methods] = {
    BLOBS: ("HEAD", "POST"),
    "/api/copy": ("POST",),
    "/api/create": ("POST",),
    "/api/delete": ("DELETE",),
    "/api/pull": ("POST",),
    "/api/push": ("POST",),
}
LARGE_BODIES = ("/api/chat", "/api/create", "/api/embed", "/api/generate", BLOBS)
"""How the paths begin where images, documents and files travel."""

DIGEST = re.compile(r"sha256[:-][0-9A-Fa-f]{64}")


class OllamaError(Struct):
    """The body of an error, and the line of a stream that broke."""

    error: str


class OllamaRoutes:
    """The routes over `asking`, and over `managing` those that change what models there are.

    Without `managing` these are refused. `max_body` in bytes; `max_open` is how many answers may be
    under way at a time.
    """

    def __init__(
        self, asking: Passthrough, managing: Passthrough | None, *, max_body: int, max_open: int
    ) -> None:
        self._ways = [way for way in (asking, managing) if way is not None]
        self._managed = managing is not None
        self._max_body = max_body
        self._max_open = max_open
        self._open = 0
        self.raw: RawRoutes = {
            **{path: partial(self._serve, asking, allow) for path, allow in ASKING.items()},
            **{path: partial(self._serve, managing, allow) for path, allow in MANAGING.items()},
        }

    @property
    def operations(self) -> Sequence[RawOperation]:
        """What there is, for the OpenAPI document."""
        paths = {**ASKING, **(MANAGING if self._managed else {})}
        return [operation(path, allow) for path, allow in paths.items()]

    async def aclose(self) -> None:
        for way in self._ways:
            await way.aclose()

    async def _serve(
        self, way: Passthrough | None, allow: Methods, scope: Scope, receive: Receive, send: Send
    ) -> None:
        method, path = str(scope.get("method")), scope["path"]
        if method not in allow:
            raise MethodNotAllowed(f"{method} is not allowed here.", allow)
        if way is None:
            raise Denied("Managing models is off here; MOCHI_OLLAMA_MANAGE=true allows it.")
        if path.startswith(BLOBS) and not DIGEST.fullmatch(path, len(BLOBS)):
            raise InvalidRequest("invalid digest format")
        if self._open >= self._max_open:
            raise Overloaded(f"{self._max_open} requests are being answered already.")
        self._open += 1
        try:
            body = await read_body(receive, self._max_body)
            with WhileConnected(scope, receive):
                await pass_on(await way.open(method, path, body), send)
        except ClientGone:
            pass
        finally:
            self._open -= 1


async def pass_on(answer: PassedAnswer, send: Send) -> None:
    """One read is one write. What breaks after the head is raised: the server then aborts the
    connection, so that the client sees a cut answer for what it is."""
    try:
        block = await answer.block()
        headers = list(answer.headers)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        while block:
            await send({"type": "http.response.body", "body": block, "more_body": True})
            block = await answer.block()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        answer.close()


def operation(path: str, allow: Methods) -> RawOperation:
    method = next(method for method in allow if method != "HEAD")
    return RawOperation(
        path=f"{path}{{digest}}" if path == BLOBS else path,
        method=method,
        summary=f"Ollama's own {path.removeprefix('/api/').rstrip('/')}",
        tag="Ollama",
        description="Passed on to Ollama as it is, and so is what it answers.",
        request=dict[str, Any] if method in ("POST", "DELETE") and path != BLOBS else None,
        response=dict[str, Any],
        errors=(
            (415, "The body is not `application/json`."),
            (502, "Ollama cannot be reached, or it failed."),
            (504, "Ollama went silent."),
        ),
        error=OllamaError,
    )
