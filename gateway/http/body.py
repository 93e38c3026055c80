"""The bytes of a request body, counted while they come."""

from litestar.types import Receive

from gateway.core.errors import TooLarge

__all__ = ["ClientGone", "read_body"]


class ClientGone(Exception):
    """The client closed the connection; nobody is left to answer."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body; `TooLarge` above `limit` bytes, `ClientGone` when it never becomes whole."""
    event = await receive()
    if event["type"] == "http.request" and not event["more_body"]:
        body: bytes = event["body"]
        if len(body) > limit:
            raise TooLarge(limit)
        return body
    blocks, size = [], 0
    while event["type"] == "http.request":
        blocks.append(event["body"])
        size += len(event["body"])
        if size > limit:
            raise TooLarge(limit)
        if not event["more_body"]:
            return b"".join(blocks)
        event = await receive()
    raise ClientGone
