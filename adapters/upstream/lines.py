"""NDJSON framing: blocks of a body in, whole lines out."""

from adapters.upstream.errors import LimitExceeded

__all__ = ["Lines"]

MIB = 1024 * 1024


class Lines:
    """Cuts a body at its newlines, in linear time however the lines were cut on the way.

    `limit` is the longest line allowed, in bytes without its newline; Ollama's own client stops at
    8 MiB too.
    """

    __slots__ = ("_limit", "_start")

    def __init__(self, limit: int = 8 * MIB) -> None:
        self._limit = limit
        self._start = bytearray()

    def feed(self, block: bytes) -> bytes:
        """The lines that are complete by now, newlines included; `b""` when none is.

        `LimitExceeded` when a line is too long, also while its end is still missing.
        """
        end = block.rfind(b"\n") + 1
        if end == len(block) and not self._start:
            complete = block
        elif end:
            complete = bytes(self._start) + block[:end]
            self._start = bytearray(block[end:])
        else:
            complete = b""
            self._start += block
        if len(self._start) > self._limit or len(complete) > self._limit:
            self._check(complete)
        return complete

    def rest(self) -> bytes:
        """What stands after the last newline; at the end of a body, a line that broke off."""
        return bytes(self._start)

    def _check(self, complete: bytes) -> None:
        if max(map(len, (*complete.split(b"\n"), self._start))) > self._limit:
            raise LimitExceeded(f"A line of the answer is longer than {self._limit} bytes.")
