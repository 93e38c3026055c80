"""Streams of responses as the HTTP layer takes them."""

import re
from collections.abc import AsyncGenerator

import msgspec

from extensions.responses.run import Run
from gateway.core.errors import Invalid, MochiError
from gateway.core.faults import message_of

__all__ = ["FirstHand", "Watched", "once"]

NUMBER = re.compile(rb'"sequence_number":(\d+)\}\n\n$')
DONE = b"data: [DONE]\n\n"


class FirstHand:
    """The frames of a run, for the client who asked for it; the run knows how it ends."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def frames(self, frames: bytes) -> bytes:
        return frames

    def failure(self, error: Exception) -> bytes:
        # Without a last word nothing had begun but the pings.
        return self._run.last or self._run.writer.failure(error)

    def end(self) -> bytes:
        return self._run.last


class Watched:
    """The frames of a response that runs whether anybody looks or not."""

    def __init__(self) -> None:
        self._last = b""

    def frames(self, frames: bytes) -> bytes:
        self._last = frames
        return frames

    def failure(self, error: Exception) -> bytes:
        """That the looking has failed, or ends; of the response this tells nothing."""
        known = NUMBER.search(self._last)
        event = {
            "type": "error",
            "code": error.reason if isinstance(error, Invalid) else "server_error",
            "message": message_of(error),
            "param": error.param if isinstance(error, MochiError) else None,
            "sequence_number": int(known[1]) + 1 if known else 0,
        }
        return b"event: error\ndata: %b\n\n" % msgspec.json.encode(event) + DONE

    def end(self) -> bytes:
        return b""


async def once(frames: bytes) -> AsyncGenerator[bytes, None]:
    """A stream of what is known already."""
    yield frames
