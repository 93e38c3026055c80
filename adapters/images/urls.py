"""URLs of images, read in one way or refused: two parsers never get to disagree."""

import re
from collections.abc import Container
from urllib.parse import quote, urlsplit

from msgspec import Struct

__all__ = ["PORTS", "BadURL", "Location", "located"]

SCHEMES = {"http": 80, "https": 443}
PORTS = frozenset({80, 443, 8080, 8443})
LONGEST_URL = 8192
LONGEST_HOST = 253

HOST = re.compile(r"[0-9a-z_-]+(\.[0-9a-z_-]+)*\.?|\[[0-9a-f:.]+\]")
# Everything a path and a query may hold (RFC 3986), what is percent-encoded already included.
KEPT = "/?%:@!$&'()*+,;=~-._[]"


class BadURL(ValueError):
    """A URL that is not fetched; `str(error)` says why, and nothing of what stands in it."""


class Location(Struct, frozen=True, kw_only=True):
    """Where an image is. `host` has no brackets, `target` is the path with the query, as sent."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def base(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def located(url: str, ports: Container[int] = PORTS) -> Location:
    """The parts of an http or https URL; `BadURL` for any that could be read in two ways.

    A backslash is a slash to browsers (CVE-2026-24779), userinfo hides a host, blanks and control
    characters are dropped by some parsers and not by others.
    """
    if len(url) > LONGEST_URL:
        raise BadURL(f"The URL is longer than {LONGEST_URL} characters.")
    if not url.isprintable() or " " in url or "\\" in url:
        raise BadURL("The URL holds blanks, backslashes or control characters.")
    try:
        parts = urlsplit(url)
        host, netloc, port = _ascii(parts.hostname or ""), _ascii(parts.netloc.lower()), parts.port
    except ValueError:
        raise BadURL("The URL has a host or a port that cannot be read.") from None
    if parts.scheme not in SCHEMES:
        raise BadURL("Only http and https URLs are fetched.")
    if "@" in parts.netloc:
        raise BadURL("URLs with a user or a password are not fetched.")
    shown = f"[{host}]" if ":" in host else host
    expected = shown if port is None else f"{shown}:{port}"
    # Whatever the parser skipped or mended would make the two differ.
    if not HOST.fullmatch(shown) or netloc != expected or len(host) > LONGEST_HOST:
        raise BadURL("The URL has a host or a port that cannot be read.")
    port = SCHEMES[parts.scheme] if port is None else port
    if port not in ports:
        raise BadURL("Images are fetched from the ports 80, 443, 8080 and 8443 only.")
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Location(scheme=parts.scheme, host=host, port=port, target=quote(target, safe=KEPT))


def _ascii(host: str) -> str:
    """An international name as it is looked up.

    `ValueError` for one that changes on the way there and back (`①` for `1`), which is no name but
    a disguise, and for labels that no name can have.
    """
    encoded = host.encode("idna")
    if not host.isascii() and encoded.decode("idna") != host:
        raise ValueError("The host name has characters that stand for others.")
    return encoded.decode("ascii")
