"""Where a server is: the parts of its base URL."""

import re
from base64 import b64encode
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from msgspec import Struct

__all__ = ["Origin", "parse"]

# A bare host is an OLLAMA_HOST, where Ollama's own clients take its port; a URL has its scheme's.
BARE_PORT = 11434
PORTS = {"http": 80, "https": 443}
VISIBLE = re.compile(r"[!$-~]+")
HOST = re.compile(r"[0-9A-Za-z._-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")


class Origin(Struct, frozen=True, kw_only=True):
    """A server. `prefix` is put before every path; `authorization` is `""` without userinfo.

    Where `addresses` are given, they are what is connected to, and the host is only a name.
    """

    scheme: str
    host: str
    port: int
    prefix: str
    authorization: str
    addresses: tuple[str, ...] = ()

    @property
    def authority(self) -> str:
        """The value of the Host header, which leaves out the scheme's own port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __repr__(self) -> str:
        return f"Origin({self.authority})"


def parse(url: str) -> Origin:
    """`http://host`, `https://user:password@host:8443/prefix`, `[::1]:11434`, `host`.

    `ValueError` for anything else. Its text never quotes the URL, which may hold a password.
    """
    if not VISIBLE.fullmatch(url) or "?" in url:  # urlsplit would drop tabs without a word
        raise ValueError("The server's URL has a query, a fragment or characters that no URL has.")
    bare = "://" not in url
    try:
        parts = urlsplit(f"http://{url}" if bare else url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:  # its text would quote what stands where a port should
        raise ValueError("The server's URL has a host or a port that cannot be read.") from None
    if parts.scheme not in PORTS:
        raise ValueError("The server's URL must begin with http:// or https://.")
    if not HOST.fullmatch(host) or port == 0:
        raise ValueError("The server's URL has a host or a port that cannot be one.")
    return Origin(
        scheme=parts.scheme,
        host=host,
        port=port or (BARE_PORT if bare else PORTS[parts.scheme]),
        prefix=parts.path.rstrip("/"),
        authorization=_authorization(parts),
    )


def _authorization(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    pair = f"{parts.username}:{parts.password or ''}"
    return "Basic " + b64encode(unquote_to_bytes(pair)).decode()
