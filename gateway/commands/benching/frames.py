"""Server-sent events: blocks of bytes in, the data of whole frames out."""

from gateway.commands.benching.faults import Wrong

__all__ = ["Frames"]

LARGEST = 16 * 1024 * 1024


class Frames:
    """What one stream has sent and what of it is not whole yet (`rest`).

    Only the data counts: names, ids and comments are passed over, as the JSON says all of it.
    `Wrong` for a frame that does not end.
    """

    __slots__ = ("rest",)

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, block: bytes) -> list[bytes]:
        if self.rest:
            block = self.rest + block
        if b"\r" in block:
            # A carriage return at the end of a block waits in the rest for its line feed.
            block = block.replace(b"\r\n", b"\n")
        *whole, self.rest = block.split(b"\n\n")
        if len(self.rest) > LARGEST:
            raise Wrong("a frame without an end", self.rest[:1000])
        # Nearly every frame is one line of data; the general way costs twice as much.
        plain = [frame[6:] for frame in whole if frame[:6] == b"data: "]
        if len(plain) == len(whole) and block.count(b"\n") == 2 * len(whole):
            return plain
        return [data for frame in whole if (data := data_of(frame))]


def data_of(frame: bytes) -> bytes:
    lines = (line.partition(b":") for line in frame.split(b"\n"))
    return b"\n".join(value.removeprefix(b" ") for field, _, value in lines if field == b"data")
