"""What a defect may do to what passes by: to the request, a whole answer, the frames of a stream."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from conformance_tests.tests.broken.messages import Reply, Request

__all__ = [
    "CHAT",
    "RESPONSES",
    "TEXT",
    "BrokenOff",
    "Chunk",
    "Defect",
    "Frames",
    "LeftOpen",
    "chunk_by_chunk",
    "chunk_of",
    "framed",
]

CHAT = ("/chat/completions",)
TEXT = (*CHAT, "/completions")
RESPONSES = ("/responses", "/responses/*", "/conversations*")

Chunk = dict[str, Any]
Frames = Iterator[bytes]


class BrokenOff(Exception):
    """Raised amid a stream: the connection is closed without an end of the body."""


class LeftOpen(Exception):
    """Raised amid a stream: nothing follows, and the connection stays."""


@dataclass(frozen=True)
class Defect:
    """Something that is done wrong on some routes.

    `asked` may answer by itself; `answered` and `streamed` are told what the client has asked. A
    frame is a block of an event stream without the blank line at its end.
    """

    routes: tuple[str, ...] = ("*",)
    asked: Callable[[Request], Request | Reply] = lambda request: request
    answered: Callable[[Request, Reply], Reply] = lambda request, reply: reply
    streamed: Callable[[Request, Frames], Frames] = lambda request, frames: frames

    def concerns(self, request: Request) -> bool:
        return any(fnmatch(request.route, route) for route in self.routes)


def chunk_of(frame: bytes) -> Chunk | None:
    """The JSON of a frame; `None` for `[DONE]` and for comments."""
    lines = [line[6:] for line in frame.split(b"\n") if line.startswith(b"data: {")]
    chunk: Chunk | None = json.loads(lines[0]) if lines else None
    return chunk


def framed(chunk: Chunk) -> bytes:
    """A frame; an event of `/responses` has its name before the data."""
    data = b"data: " + json.dumps(chunk, ensure_ascii=False).encode()
    name = str(chunk.get("type", ""))
    return b"event: " + name.encode() + b"\n" + data if name else data


def chunk_by_chunk(
    change: Callable[[Chunk], Iterable[Chunk]],
) -> Callable[[Request, Frames], Frames]:
    """Makes of each chunk of a stream some others, or none."""

    def streamed(request: Request, frames: Frames) -> Frames:
        for frame in frames:
            chunk = chunk_of(frame)
            if chunk is None:
                yield frame
            else:
                yield from map(framed, change(chunk))

    return streamed
