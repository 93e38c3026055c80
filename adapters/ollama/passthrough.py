"""Ollama's answers, byte for byte."""

from adapters.ollama.errors import unanswered
from adapters.upstream.client import UpstreamClient
from adapters.upstream.errors import UpstreamError
from adapters.upstream.response import UpstreamResponse

__all__ = ["OllamaAnswer", "OllamaPassthrough"]

PASSED = ("content-type", "content-length", "allow", "retry-after")
"""What says how to read the answer. Cookies and CORS are between others."""


class OllamaAnswer:
    """An answer on its way; `block` gives what one read brought."""

    def __init__(self, response: UpstreamResponse, authority: str) -> None:
        self.status = response.status
        self.headers = [
            (name.encode(), response.headers[name].encode("latin-1"))
            for name in PASSED
            if name in response.headers
        ]
        self._response = response
        self._authority = authority

    async def block(self) -> bytes:
        try:
            return await self._response.block()
        except UpstreamError as error:
            raise unanswered(error, self._authority) from error

    def close(self) -> None:
        self._response.close()


class OllamaPassthrough:
    """The Ollama that `client` talks to. The client is the passthrough's from now on."""

    def __init__(self, client: UpstreamClient) -> None:
        self._client = client

    async def open(self, method: str, path: str, body: bytes) -> OllamaAnswer:
        """A body goes as `application/json`; nothing else of the caller's headers matters to
        Ollama, and none is sent."""
        authority = self._client.authority
        try:
            return OllamaAnswer(await self._client.open(method, path, body), authority)
        except UpstreamError as error:
            raise unanswered(error, authority) from error

    async def aclose(self) -> None:
        await self._client.aclose()
