"""One answer as it comes: when what of it was there, and the first thing that is wrong with it."""

from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct

from gateway.commands.benching.faults import MALFORMED, Fault, Wrong, example
from gateway.commands.benching.frames import Frames
from gateway.commands.benching.streams import StreamReader
from gateway.commands.benching.usage import Usage

__all__ = ["Answer"]

REFUSALS = 64 * 1024
"""How much of a refusal's body is kept."""


class Problem(Struct):
    message: str = ""


class Refusal(Struct):
    """`{"error": {"message": …}}` as OpenAI has it, or `{"error": …}` as Ollama does."""

    error: Problem | str | None = None
    detail: str | None = None


class Answer:
    """Times are of `time.perf_counter`. `asked` is when the request was due; `first` and `last`
    are those of the reads that brought output, 0 if none did; `gaps` are the seconds between one
    piece of output and the next, of which those of one read are 0 apart.

    What the last read brought is looked at by `settle`, once the next request is on its way: else
    the server would have nothing to do while we check what it did.
    """

    __slots__ = (
        "_blocks",
        "_frames",
        "_kept",
        "_last_block",
        "_reader",
        "_whole",
        "asked",
        "ended",
        "fault",
        "first",
        "gaps",
        "last",
        "pieces",
        "retry_after",
        "status",
        "usage",
    )

    def __init__(
        self, asked: float, reader: StreamReader | None, whole: Callable[[bytes], Usage | None]
    ) -> None:
        self.asked = asked
        self.first = self.last = self.ended = 0.0
        self.gaps: list[float] = []
        self.pieces = 0
        self.status = 0
        self.retry_after = 0.0
        self.fault: Fault | None = None
        self.usage: Usage | None = None
        self._reader = reader
        self._whole = whole
        self._frames: Frames | None = None
        self._blocks: list[bytes] = []
        self._kept = 0
        self._last_block = b""

    @property
    def tokens(self) -> int:
        """Output tokens, as the server counts them or as pieces came."""
        return self.usage.completion_tokens if self.usage else self.pieces

    @property
    def refused(self) -> str:
        """What a server that refused says about it."""
        body = b"".join(self._blocks)
        try:
            refusal = msgspec.json.decode(body, type=Refusal)
        except MALFORMED:
            return example(body)
        error = refusal.error
        said = error.message if isinstance(error, Problem) else error
        return example(said or refusal.detail or body)

    def failed(self, kind: str, seen: bytes | str = "") -> None:
        """The first fault counts: others follow from it."""
        if self.fault is None:
            self.fault = Fault(kind, example(seen))

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        if status != 200:
            self.retry_after = seconds(headers.get("retry-after", ""))
            return
        wanted = "text/event-stream" if self._reader else "application/json"
        given = headers.get("content-type", "")
        if not given.lower().startswith(wanted):
            self.failed(f"not {wanted}", f"Content-Type: {given}")
        elif self._reader:
            self._frames = Frames()

    def body(self, block: bytes, at: float) -> None:
        if self._frames:
            if self.fault is None:
                self._read(self._frames, block, at)
        elif self.status == 200 or self._kept < REFUSALS:
            self._kept += len(block)
            self._blocks.append(block)

    def end(self, block: bytes, at: float) -> None:
        """It has all come, with this block as the last."""
        self._last_block = block
        self.ended = at

    def settle(self) -> None:
        """Look at the end of it, and at the whole."""
        if self._last_block:
            self.body(self._last_block, self.ended)
        if self.status != 200 and self.fault is None:
            after = f" (Retry-After: {self.retry_after:g} s)" if self.retry_after else ""
            self.failed(f"status {self.status}", self.refused + after)
        if self.fault is None:
            try:
                self._check()
            except Wrong as wrong:
                self.fault = wrong.fault

    def _read(self, frames: Frames, block: bytes, at: float) -> None:
        reader = self._reader
        assert reader
        try:
            for data in frames.feed(block):
                if reader.read(data):
                    if self.pieces:
                        self.gaps.append(at - self.last)
                    else:
                        self.first = at
                    self.last = at
                    self.pieces += 1
        except Wrong as wrong:
            self.fault = wrong.fault

    def _check(self) -> None:
        if not self._reader:
            self.usage = self._whole(b"".join(self._blocks))
            return
        if self._frames and self._frames.rest.strip():
            raise Wrong("half a frame at the end", self._frames.rest)
        self._reader.end()
        self.usage = self._reader.usage


def seconds(retry_after: str) -> float:
    """Of a `Retry-After`; 0 for a date, which asks for the clocks to agree."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
