"""The front door: Host, Origin, key, kind and size of body, for every path and method.

It stands in front of the router, so a route cannot forget it, and judges the raw headers and the
raw path, never a URL put together from them.
"""

from collections.abc import Awaitable
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from gateway.core.errors import (
    HostRefused,
    InvalidAPIKey,
    InvalidRequest,
    MochiError,
    RouteNotFound,
    TooLarge,
    UnsupportedMediaType,
)
from gateway.http.origins import (
    LOOPBACK_NAMES,
    MAX_REMEMBERED,
    Origins,
    host_name,
    preflight_headers,
    shown,
)
from gateway.http.requests import answer_error, answer_headers, request_headers
from gateway.http.websockets import announce_websockets

__all__ = ["GuardRules", "Guards"]

WEBSOCKET: Final = ScopeType.WEBSOCKET

MAX_AUTHORIZATION = 4096
JSON_ONLY = "Bodies must be JSON: add the header -H 'Content-Type: application/json'."


class GuardRules(Struct, frozen=True, kw_only=True):
    """Who may come in, and with what.

    Hosts are names without a port (`0.0.0.0` only counts when it is listed); origins as
    `gateway.http.origins` reads them; sizes are bytes. `open_paths` need no key, `websockets` are
    the only paths where a WebSocket is let through.
    """

    allowed_hosts: tuple[str, ...] = LOOPBACK_NAMES
    cors_origins: tuple[str, ...] = ("loopback",)
    api_key: str | None = None
    open_paths: tuple[str, ...] = ("/health",)
    websockets: tuple[str, ...] = ()
    max_body: int = 32 * 1024 * 1024
    """Where images travel: under the paths that begin as one of `large_bodies`."""
    large_bodies: tuple[str, ...] = ("/v1/",)
    max_other_body: int = 1024 * 1024


class Guards:
    """Lets a request through to `app`, or answers it. Stands inside `Requests`."""

    def __init__(self, app: ASGIApp, rules: GuardRules) -> None:
        self.app = app
        self._rules = rules
        self._hosts = frozenset(allowed_name(host) for host in rules.allowed_hosts)
        self._origins = Origins(rules.cors_origins)
        self._key = sha256(rules.api_key.encode()).digest() if rules.api_key else None
        self._open_paths = frozenset(rules.open_paths)
        self._websockets = frozenset(rules.websockets)
        # Header values that were found good, so that most requests are judged by two look-ups.
        self._good_hosts: set[bytes] = set()
        self._good_types = {b"application/json"}

    # A plain function: as a coroutine it would be woken and suspended with every token.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] not in ("http", "websocket"):
            announce_websockets(scope, self._websockets, self._rules.max_body)
            return self.app(scope, receive, send)
        try:
            preflight = self._admit(scope)
        except MochiError as refusal:
            return answer_error(scope, send, refusal)
        if preflight is None:
            return self.app(scope, receive, send)
        return answer_preflight(send, preflight)

    def _admit(self, scope: Scope) -> list[tuple[bytes, bytes]] | None:
        """Raise what stands against the request; the headers of its answer if it is a preflight."""
        headers = request_headers(scope)
        if headers.get(b"host") not in self._good_hosts:
            self._check_host(headers.get(b"host", b""))
        if b"origin" in headers:
            cors = self._check_origin(scope, headers)
            answer_headers(scope).extend(cors)
            if b"access-control-request-method" in headers and scope.get("method") == "OPTIONS":
                return preflight_headers(headers)
        elif b"sec-fetch-site" in headers:
            self._origins.admit_without_origin(
                headers[b"sec-fetch-site"],
                headers.get(b"sec-fetch-mode", b""),
                str(scope.get("method")),
                scope["path"],
            )
        if self._key is not None and scope["path"] not in self._open_paths:
            self._check_key(headers.get(b"authorization", b""))
        if b"content-length" in headers or b"transfer-encoding" in headers:
            self._check_body(scope["path"], headers)
        if scope["type"] == WEBSOCKET and scope["path"] not in self._websockets:
            raise RouteNotFound(f"There is no WebSocket at {scope['path']}.")
        return None

    def _check_host(self, host: bytes) -> None:
        """A page that rebinds its own name to 127.0.0.1 still sends that name as Host."""
        if host_name(host.decode("latin-1")) not in self._hosts:
            name = shown(host) or "without a name"
            raise HostRefused(
                f"This gateway does not answer to the host {name}. If it should, add the name to "
                "MOCHI_ALLOWED_HOSTS.",
                host=shown(host),
            )
        if len(self._good_hosts) < MAX_REMEMBERED:
            self._good_hosts.add(host)

    def _check_origin(self, scope: Scope, headers: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        scheme = scope.get("scheme", "http").replace("ws", "http")
        return self._origins.cors(headers[b"origin"], scheme, headers[b"host"])

    def _check_key(self, authorization: bytes) -> None:
        scheme, _, given = authorization[:MAX_AUTHORIZATION].partition(b" ")
        given = given.strip()
        if scheme.lower() != b"bearer" or not given:
            raise InvalidAPIKey(
                "An API key is needed: send it as 'Authorization: Bearer KEY'.", given=False
            )
        # Digests have one length, so the comparison tells nothing about the key's.
        right = compare_digest(sha256(given).digest(), self._key or b"")
        if not right or len(authorization) > MAX_AUTHORIZATION:
            raise InvalidAPIKey("The API key is wrong.", given=True)

    def _check_body(self, path: str, headers: dict[bytes, bytes]) -> None:
        """Judge a body by what is declared about it; what really comes is counted by its reader."""
        length = headers.get(b"content-length")
        if length == b"0" and b"transfer-encoding" not in headers:
            return
        kind = headers.get(b"content-type", b"")
        if kind not in self._good_types:
            self._check_type(kind)
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise UnsupportedMediaType("Bodies must come as they are, without a Content-Encoding.")
        if length is None:
            return
        if not length.isdigit():
            raise InvalidRequest("Content-Length is not a number.")
        rules = self._rules
        limit = rules.max_body if path.startswith(rules.large_bodies) else rules.max_other_body
        if len(length) > 19 or int(length) > limit:
            raise TooLarge(limit)

    def _check_type(self, kind: bytes) -> None:
        """`text/plain`, forms and no type at all are what a page may send without a preflight."""
        name, *parameters = [part.strip() for part in kind.lower().split(b";")]
        if name != b"application/json":
            raise UnsupportedMediaType(JSON_ONLY, content_type=shown(kind) if kind else None)
        if any(part.replace(b'"', b"") not in (b"charset=utf-8", b"") for part in parameters):
            raise UnsupportedMediaType("JSON bodies must be UTF-8.", content_type=shown(kind))
        if len(self._good_types) < MAX_REMEMBERED:
            self._good_types.add(kind)


async def answer_preflight(send: Send, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def allowed_name(host: str) -> str:
    """A configured host as it is compared: without a port, an IPv6 address in brackets."""
    name = host_name(f"[{host}]" if host.count(":") > 1 and host[0] != "[" else host)
    if name is None:
        raise ValueError(f"{host!r} is not a host name")
    return name
