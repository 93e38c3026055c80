"""Which web pages may use the gateway, and what their browsers are told (CORS).

The gateway listens on loopback, where any page in the user's browser can reach it. So a page of a
foreign origin is refused on every method, not only left without CORS headers: a "simple" POST is
sent without a preflight and takes effect although the page cannot read the answer.
"""

from collections.abc import Mapping

from gateway.core.errors import OriginRefused

__all__ = ["LOOPBACK_NAMES", "Origins", "host_name", "preflight_headers"]

Headers = list[tuple[bytes, bytes]]

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
MAX_REMEMBERED = 64

# A prefix (`x-mochi-*`) is no wildcard here; a lone `*` is, as nothing is asked with credentials.
EXPOSED = (b"access-control-expose-headers", b"x-request-id, *")
VARY = (b"vary", b"Origin")
ANY_ORIGIN = [(b"access-control-allow-origin", b"*"), EXPOSED]

METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
# What browser builds of the SDKs and chat UIs send; `authorization` is not covered by a `*`.
ASKED_FOR = (
    b"authorization, content-type, accept, user-agent, x-request-id, x-requested-with, "
    b"openai-beta, openai-organization, openai-project, idempotency-key, x-client-request-id, "
    b"x-session-id"
)
PREFLIGHT_SECONDS = b"7200"


class Origins:
    """The origins that may use the gateway.

    `allowed` are exact origins (`https://ui.example`), the word `loopback` for http and https pages
    of this machine on any port, or `*` for every page, `null` included. No answer ever allows
    credentials.
    """

    def __init__(self, allowed: tuple[str, ...]) -> None:
        words = {word.strip().rstrip("/").lower() for word in allowed}
        self._any = "*" in words
        self._loopback = "loopback" in words
        self._exact = frozenset(words - {"*", "loopback"})
        self._remembered: dict[bytes, Headers] = {}

    def cors(self, origin: bytes, scheme: str, host: bytes) -> Headers:
        """The headers for the answer to a page of `origin`; `OriginRefused` for a foreign one.

        A page of the gateway itself, whose origin is `scheme://host`, needs none.
        """
        known = self._remembered.get(origin)
        if known is not None:
            return known
        if self._any and b"," not in origin:  # two Origin headers arrive here joined
            return ANY_ORIGIN
        if not self._trusts(origin):
            if origin == b"%s://%s" % (scheme.encode(), host):
                return []
            raise OriginRefused(
                f"A web page of {shown(origin)} may not use this gateway. To allow it, add its "
                "origin to MOCHI_CORS_ORIGINS.",
                origin=shown(origin),
            )
        headers = [(b"access-control-allow-origin", origin), EXPOSED, VARY]
        if len(self._remembered) < MAX_REMEMBERED:
            self._remembered[origin] = headers
        return headers

    def admit_without_origin(self, site: bytes, mode: bytes, method: str, path: str) -> None:
        """Judge a browser's request that names no origin, by its `Sec-Fetch-Site`.

        Images, scripts and followed links of a foreign page come so. Only a link to the pages for
        people may be followed. Node's fetch sends `Sec-Fetch-Mode: cors` without a site and is no
        browser.
        """
        if site in (b"same-origin", b"none") or self._any:
            return
        if method == "GET" and mode == b"navigate" and is_page(path):
            return
        raise OriginRefused(
            "A web page of another site may not use this gateway. To allow one, add its origin to "
            "MOCHI_CORS_ORIGINS and let it ask with CORS.",
        )

    def _trusts(self, origin: bytes) -> bool:
        text = origin.decode("latin-1").lower()
        if text in self._exact:
            return True
        scheme, _, authority = text.partition("://")
        return (
            self._loopback
            and scheme in ("http", "https")
            and host_name(authority) in LOOPBACK_NAMES
        )


def preflight_headers(headers: Mapping[bytes, bytes]) -> Headers:
    """What a preflight is answered beside the origin, which is on every answer anyway.

    `Access-Control-Allow-Private-Network` is never granted: a page of this machine does not need
    it, and no other page should reach in.
    """
    asked = headers.get(b"access-control-request-headers", b"").lower().split(b",")
    names = (name.strip() for name in asked)
    stainless = [name for name in names if name.startswith(b"x-stainless-") and is_token(name)]
    return [
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", b", ".join([ASKED_FOR, *stainless])),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
        (b"vary", b"Access-Control-Request-Headers"),
    ]


def host_name(authority: str) -> str | None:
    """The host of `host[:port]` in lower case; `None` when it is not written so.

    Compared as a string afterwards: no pattern, no suffix, no other spelling of an address.
    """
    if authority.startswith("["):
        name, bracket, port = authority.partition("]")
        name += bracket
    else:
        name, colon, port = authority.partition(":")
        port = colon + port
    if port and not (port[0] == ":" and port[1:].isascii() and port[1:].isdigit()):
        return None
    return name.lower() or None


def is_page(path: str) -> bool:
    """Whether people, not programs, look at this path."""
    return path in ("/", "/docs", "/schema") or path.startswith("/schema/")


def is_token(name: bytes) -> bool:
    return name.replace(b"-", b"").isalnum() and name.isascii()


def shown(value: bytes) -> str:
    """A header's value, fit for an error message."""
    return value[:200].decode("ascii", "backslashreplace")
