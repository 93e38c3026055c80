"""Who reads a stream, frame by frame, and finds what is wrong with it."""

from typing import Protocol

from gateway.commands.benching.chunks import ChunkReader
from gateway.commands.benching.events import EventReader
from gateway.commands.benching.plan import Load
from gateway.commands.benching.usage import Usage

__all__ = ["StreamReader", "stream_reader"]


class StreamReader(Protocol):
    """Both methods raise `Wrong`. `usage` is what the server said, if it did."""

    usage: Usage | None

    def read(self, data: bytes) -> bool:
        """The data of a frame. Whether it brought output."""

    def end(self) -> None:
        """There are no more frames."""


def stream_reader(load: Load) -> StreamReader:
    if load.endpoint == "responses":
        return EventReader(load.max_tokens)
    return ChunkReader(load.max_tokens, chat=load.endpoint == "chat")
