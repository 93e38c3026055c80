"""Fetching one image under guard."""

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Container, Sequence
from functools import cached_property

from msgspec import Struct

from adapters.images.addresses import Address, is_public, parsed
from adapters.images.urls import PORTS, BadURL, Location, located
from adapters.upstream.client import Timeouts, UpstreamClient, UpstreamResponse
from adapters.upstream.connecting import system_trust
from adapters.upstream.errors import UpstreamError
from gateway.core.errors import InvalidRequest
from gateway.core.media import MAX_MEDIA_BYTES, image_type
from gateway.core.messages import ImagePart, RemoteImagePart

__all__ = ["ImageFetcher", "Patience", "Resolve"]

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host name; `OSError` when there are none."""

HEADERS = {"Accept": "image/png, image/jpeg, image/webp"}


class Patience(Struct, frozen=True, kw_only=True):
    """Seconds: for looking up the name and for connecting, each; and for everything together."""

    connect: float = 5
    whole: float = 20


PATIENCE = Patience()


async def looked_up(host: str, port: int) -> Sequence[str]:
    """By the system's resolver, which reads `0x7f.1` and `2130706433` as addresses, too."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


class ImageFetcher:
    """Fetches images from public addresses, and from nowhere else.

    A name is resolved once, all it stands for must be `allowed`, and what was checked is what is
    connected to, so no second answer of a name server counts. No redirects, proxies, cookies or
    credentials; what the other side says never gets into an error. `tls` is the trust in the
    servers, the system's when none is given.
    """

    def __init__(
        self,
        *,
        resolve: Resolve = looked_up,
        allowed: Callable[[Address], bool] = is_public,
        ports: Container[int] = PORTS,
        patience: Patience = PATIENCE,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._resolve = resolve
        self._allowed = allowed
        self._ports = ports
        self._patience = patience
        self._given_tls = tls

    async def fetch(self, image: RemoteImagePart) -> ImagePart:
        """`InvalidRequest` at `image.param` for whatever goes wrong: the URL is the caller's."""
        try:
            location = located(image.url, self._ports)
            async with asyncio.timeout(self._patience.whole):
                data = await self._read(location, await self._checked_addresses(location))
        except TimeoutError:
            raise refusal("It did not arrive in time.", image) from None
        except (BadURL, UpstreamError) as error:
            raise refusal(str(error), image) from error
        return ImagePart(b64encode(data).decode("ascii"), image_type(data, image.param))

    async def _checked_addresses(self, location: Location) -> Sequence[str]:
        """All of the host's, or `BadURL`: one that is not public is reason enough."""
        try:
            async with asyncio.timeout(self._patience.connect):
                found = await self._resolve(location.host, location.port)
        except TimeoutError:
            raise BadURL("The server's host name was not found out in time.") from None
        except (OSError, UnicodeError):
            raise BadURL("The server's host name is not known.") from None
        if not found:
            raise BadURL("The server's host name is not known.")
        for address in map(parsed, found):
            if address is None or not self._allowed(address):
                raise BadURL("The server's address is not public.")
        return found

    async def _read(self, location: Location, addresses: Sequence[str]) -> bytes:
        seconds = self._patience
        client = UpstreamClient(
            location.base,
            timeouts=Timeouts(
                connect=seconds.connect, first_byte=seconds.whole, between_reads=seconds.whole
            ),
            addresses=addresses,
            tls=self._tls if location.scheme == "https" else None,
        )
        try:
            with await client.open("GET", location.target, headers=HEADERS) as response:
                check_head(response)
                return await response.read(MAX_MEDIA_BYTES)
        finally:
            await client.aclose()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or system_trust()


def check_head(response: UpstreamResponse) -> None:
    """`BadURL` for anything but an image as it is. Its type is told by its bytes, later."""
    if 300 <= response.status < 400:
        raise BadURL("The server redirects, and redirects are not followed.")
    if response.status != 200:
        raise BadURL(f"The server answered with status {response.status}.")
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise BadURL("The server compressed its answer, which was not asked for.")


def refusal(reason: str, image: RemoteImagePart) -> InvalidRequest:
    return InvalidRequest(
        f"The image could not be fetched. {reason}", param=image.param, reason="invalid_value"
    )
