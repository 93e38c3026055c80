"""Bodies as they arrive: whole, in pieces, too large, or never."""

from typing import Any

import pytest

from gateway.core.errors import TooLarge
from gateway.http.body import ClientGone, read_body

GONE = {"type": "http.disconnect"}


def piece(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def read(*events: dict[str, Any], limit: int = 4) -> bytes:
    coming = iter(events)

    async def receive() -> Any:
        return next(coming)

    return await read_body(receive, limit)


async def test_whole_and_in_pieces() -> None:
    assert await read(piece(b"abcd")) == b"abcd"
    assert await read(piece(b"ab", more=True), piece(b"", more=True), piece(b"cd")) == b"abcd"
    assert await read(piece(b"")) == b""


@pytest.mark.parametrize(
    "events", [[piece(b"abcde")], [piece(b"abc", more=True), piece(b"de", more=True)]]
)
async def test_too_large_is_told_before_the_rest_comes(events: list[dict[str, Any]]) -> None:
    with pytest.raises(TooLarge) as caught:
        await read(*events)
    assert caught.value.details == {"limit": 4}


@pytest.mark.parametrize("events", [[GONE], [piece(b"a", more=True), GONE]])
async def test_a_client_that_leaves(events: list[dict[str, Any]]) -> None:
    with pytest.raises(ClientGone):
        await read(*events)
