"""How long the client waits, and how much it is willing to hold."""

from msgspec import Struct

__all__ = ["Limits", "Timeouts"]

KIB = 1024


class Timeouts(Struct, frozen=True, kw_only=True):
    """Seconds.

    `first_byte` runs from the request to the whole head of the answer: a model that is still being
    loaded sends nothing, not even a status. `between_reads` runs while a reader waits for more of
    the body; a slow reader never makes the server look silent.
    """

    connect: float = 5
    first_byte: float = 300
    between_reads: float = 120


class Limits(Struct, frozen=True, kw_only=True):
    """Bytes, connections and seconds.

    `header_bytes` also bounds whatever else an answer brings that is not body. Above
    `buffered_bytes` of unread body the server is no longer read from, so one answer holds at most
    that and one more read (256 KiB).
    """

    header_bytes: int = 64 * KIB
    buffered_bytes: int = 256 * KIB
    idle_connections: int = 256
    idle_seconds: float = 30
