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
        if block.startswith(b"data: ") and block.endswith(b"\n\n"):
            # Nearly every block is whole frames of a line each; the general way costs thrice that.
            plain = block[6:-2].split(b"\n\ndata: ")
            if block.count(b"\n") == 2 * len(plain):
                self.rest = b""
                return plain
        *whole, self.rest = block.split(b"\n\n")
        if len(self.rest) > LARGEST:
            raise Wrong("a frame without an end", self.rest[:1000])
        return [data for frame in whole if (data := data_of(frame))]


def data_of(frame: bytes) -> bytes:
    lines = (line.partition(b":") for line in frame.split(b"\n"))
    return b"\n".join(value.removeprefix(b" ") for field, _, value in lines if field == b"data")
