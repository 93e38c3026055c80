"""What can happen to a call of a server.

UpstreamError
├── ConnectFailed        refused, unknown host, no route, TLS handshake, connect time-out
├── ConnectionBroken     reset or closed before the answer was whole
├── Silent               no first byte, or no further byte, within the time allowed
├── Malformed            what came is no HTTP, or not the HTTP that its head announced
└── LimitExceeded        a header, a line or a body over its limit
"""

__all__ = [
    "ConnectFailed",
    "ConnectionBroken",
    "LimitExceeded",
    "Malformed",
    "Silent",
    "UpstreamError",
]


class UpstreamError(Exception):
    """The root; `str(error)` is a sentence without addresses, paths or secrets."""


class ConnectFailed(UpstreamError):
    """No connection could be made, nothing was asked: the only failure that is safe to repeat."""


class ConnectionBroken(UpstreamError):
    """The server closed or reset the connection before its answer was whole."""


class Silent(UpstreamError):
    """The server said nothing for longer than the time-out that applied."""


class Malformed(UpstreamError):
    """The answer is no HTTP/1.1, or breaks the framing that its head announced."""


class LimitExceeded(UpstreamError):
    """A header, a line or a counted body is larger than this client is willing to hold."""
