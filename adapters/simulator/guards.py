"""Who may ask: Ollama's CORS and Host checks, which come before everything else."""

import ipaddress
import re
import socket

from adapters.simulator.http import Exchange

__all__ = ["admitted"]

_ORIGINS = re.compile(
    r"https?://(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?"
    r"|(app|file|tauri|vscode-webview|vscode-file|chrome-extension|moz-extension|safari-web-extension)://.*"
)
_HOST_SUFFIXES = (".localhost", ".local", ".internal")
_ALLOWED_HEADERS = (
    "Authorization,Content-Type,User-Agent,Accept,X-Requested-With,Openai-Beta,X-Stainless-Arch,"
    "X-Stainless-Async,X-Stainless-Custom-Poll-Interval,X-Stainless-Helper-Method,X-Stainless-Lang,"
    "X-Stainless-Os,X-Stainless-Package-Version,X-Stainless-Poll-Helper,X-Stainless-Retry-Count,"
    "X-Stainless-Runtime,X-Stainless-Runtime-Version,X-Stainless-Timeout"
)
_PREFLIGHT = (
    ("Access-Control-Allow-Headers", _ALLOWED_HEADERS),
    ("Access-Control-Allow-Methods", "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS"),
    ("Access-Control-Max-Age", "43200"),
    ("Vary", "Origin"),
    ("Vary", "Access-Control-Request-Method"),
    ("Vary", "Access-Control-Request-Headers"),
)


def admitted(exchange: Exchange, allow: str, *, local: bool) -> bool:
    """False when the request is answered already.

    `allow` are the methods of the path, which a preflight repeats. The Host is looked at only when
    the server is bound to a loopback address (`local`).
    """
    headers = exchange.request.headers
    if exchange.request.version == "1.1" and "host" not in headers:
        exchange.lasting = False
        text = b"400 Bad Request: missing required Host header"
        exchange.whole(text, 400, "text/plain; charset=utf-8")
        return False
    if not _origin_admitted(exchange, headers.get("origin", ""), headers.get("host", ""), allow):
        return False
    if local and not _host_admitted(headers.get("host", "")):
        exchange.whole(status=403)
        return False
    return True


def _origin_admitted(exchange: Exchange, origin: str, host: str, allow: str) -> bool:
    if not origin or origin in (f"http://{host}", f"https://{host}"):
        return True
    if not _ORIGINS.fullmatch(origin):
        exchange.whole(status=403)
        return False
    allowed = ("Access-Control-Allow-Origin", origin)
    if exchange.request.method == "OPTIONS":
        methods = [("Allow", allow)] if allow else []
        exchange.whole(b"", 204, "", allowed, *methods, *_PREFLIGHT)
        return False
    exchange.headers += [allowed, ("Vary", "Origin")]
    return True


def _host_admitted(header: str) -> bool:
    host = re.sub(r":\d*$", "", header).strip("[]").lower()
    if host in ("", "localhost", socket.gethostname().lower()) or host.endswith(_HOST_SUFFIXES):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private or address.is_unspecified
