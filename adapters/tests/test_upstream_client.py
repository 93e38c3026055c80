"""The client against a server that behaves."""

from adapters.tests.misbehaving import Peer, answer, serving
from adapters.upstream.client import UpstreamClient


async def test_request_goes_out_whole_and_in_one_spelling() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.send(answer(b'{"version":"1"}'))

    async with serving(script) as server:
        client = UpstreamClient(f"{server.url}/prefix/", user_agent="mochi-gateway/1")
        with await client.open("POST", "/api/chat", b'{"a":1}') as response:
            assert (response.status, response.content_type) == (200, "application/json")
            assert await response.read(100) == b'{"version":"1"}'
        await client.aclose()
    host = server.url.removeprefix("http://").encode()
    assert seen == [
        b"POST /prefix/api/chat HTTP/1.1\r\nHost: " + host + b"\r\n"
        b"User-Agent: mochi-gateway/1\r\nAccept-Encoding: identity\r\n"
        b'Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
    ]
