"""The seam to a server whose own answers are passed on as they are."""

from collections.abc import Sequence
from typing import Protocol

__all__ = ["PassedAnswer", "Passthrough"]


class PassedAnswer(Protocol):
    """An answer whose head is there: its status, and of its headers those that may be passed on,
    with names in lower case."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]: ...

    async def block(self) -> bytes:
        """What arrived of the body since the last call; `b""` at its end. Raises as `open` does."""
        ...

    def close(self) -> None:
        """Abort what has not come to its end."""
        ...


class Passthrough(Protocol):
    """A way to one server."""

    async def open(self, method: str, path: str, body: bytes) -> PassedAnswer:
        """Wait for the head of an answer, whatever its status, and close the answer in any case.

        `BackendUnreachable`, `BackendTimeout` or `BackendFailed` when there is none.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...
