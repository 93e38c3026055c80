"""The head of a request, as bytes."""

import re
from collections.abc import Mapping

from adapters.upstream.url import Origin

__all__ = ["RequestHead"]

START = re.compile(r"[A-Z]+ /[!$-~]*")
FIELD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [ -~]*")
WITH_BODY = ("POST", "PUT", "PATCH")
MANY = 64
# Said twice, these would let one request be read as two.
RESERVED = ("host", "connection", "content-length", "transfer-encoding")


class RequestHead:
    """Renders heads for one server; what does not change is rendered once.

    `identity`, because a compressed answer would have to be inflated, and could be a bomb.
    """

    __slots__ = ("_fixed", "_known", "_prefix")

    def __init__(self, origin: Origin, user_agent: str) -> None:
        fields = {
            "Host": origin.authority,
            "User-Agent": user_agent,
            "Accept-Encoding": "identity",
        }
        if origin.authorization:
            fields["Authorization"] = origin.authorization
        self._fixed = _rendered(fields)
        self._prefix = origin.prefix
        self._known: dict[tuple[str, str], bytes] = {}

    def render(
        self, method: str, path: str, size: int, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """A body of `size` bytes is JSON unless `headers` says otherwise.

        `ValueError` for a path or header that would break the line it stands on, or the framing.
        """
        if headers is None and size:
            return self._json(method, path) % size
        start = f"{method} {self._prefix}{path}"
        if not START.fullmatch(start):
            raise ValueError("A request needs an upper-case method and a percent-encoded path.")
        if headers and not {*map(str.lower, headers)}.isdisjoint(RESERVED):
            raise ValueError("The framing of a request is not for its caller to say.")
        more = _rendered(headers) if headers else ""
        if size and "content-type:" not in more.lower():
            more += "Content-Type: application/json\r\n"
        if size or method in WITH_BODY:
            more += f"Content-Length: {size}\r\n"
        return f"{start} HTTP/1.1\r\n{self._fixed}{more}\r\n".encode("ascii")

    def _json(self, method: str, path: str) -> bytes:
        """The head of a request with a JSON body, but for its size. There are few of them."""
        head = self._known.get((method, path))
        if head is None:
            head = self.render(method, path, 1, {}).replace(b"%", b"%%")
            head = head.replace(b"Content-Length: 1", b"Content-Length: %d")
            if len(self._known) < MANY:
                self._known[method, path] = head
        return head


def _rendered(headers: Mapping[str, str]) -> str:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if not all(map(FIELD.fullmatch, lines)):
        raise ValueError("A header has a name or a value that cannot be sent.")
    return "".join(f"{line}\r\n" for line in lines)
