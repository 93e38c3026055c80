"""The bytes of a request body, counted while they come."""

from litestar.types import Receive

from gateway.core.errors import TooLarge

__all__ = ["ClientGone", "read_body"]


class ClientGone(Exception):
    """The client closed the connection; nobody is left to answer."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body; `TooLarge` above `limit` bytes, `ClientGone` when it never becomes whole."""
    blocks: list[bytes] = []
    size = 0
    while (event := await receive())["type"] == "http.request":
        block = event["body"]
        size += len(block)
        if size > limit:
            raise TooLarge(limit)
        if not event["more_body"]:
            return b"".join([*blocks, block]) if blocks else block
        blocks.append(block)
    raise ClientGone
