"""The OpenAPI document and the page that shows it, without a byte from anywhere else."""

import base64
import re
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, route
from litestar.config.app import AppConfig
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins import InitPlugin

from gateway import __version__
from gateway.http.operations import RawOperation, documented

__all__ = ["GREETING", "OLLAMAS_GREETING", "Pages", "openapi_config"]

DESCRIPTION = """\
OpenAI's API in front of a local Ollama.

Point any OpenAI client at `/v1` of this address; the routes under `/api/v1` are the gateway's own.\
"""

BEARER = "bearer"
GREETING = "mochi gateway is running.\n"
OLLAMAS_GREETING = "Ollama is running"


class Pages(InitPlugin):
    """`/`, and with `shown` the documentation: `/docs` and `/schema/openapi.json`.

    The assembly shows it on loopback, and elsewhere only where a key is needed to read it. Programs
    that ask for `/` are told the `greeting`, by which some know what they speak to.
    """

    def __init__(
        self,
        operations: Sequence[RawOperation] = (),
        *,
        shown: bool = True,
        keyed: bool = False,
        greeting: str = GREETING,
    ) -> None:
        self._greeting = greeting
        self._operations = operations
        self._shown = shown
        self._keyed = keyed

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the routes. The document is made when it is first asked for."""
        app_config.openapi_config = None
        app_config.route_handlers.append(root_page(self._greeting, shown=self._shown))
        if self._shown:
            app_config.openapi_config = openapi_config(self._operations, keyed=self._keyed)
            app_config.route_handlers.append(docs_page)
        return app_config


def openapi_config(operations: Sequence[RawOperation], *, keyed: bool) -> OpenAPIConfig:
    """What Litestar needs to serve `/schema/openapi.json` with the raw routes in it."""
    scheme = SecurityScheme(type="http", scheme="bearer", description="The gateway's own key.")
    return OpenAPIConfig(
        title="mochi gateway",
        version=__version__,
        description=DESCRIPTION,
        use_handler_docstrings=True,
        components=Components(security_schemes={BEARER: scheme} if keyed else None),
        security=[{BEARER: []}] if keyed else None,
        openapi_router=SchemaRouter("/schema", route_handlers=[], include_in_schema=False),
        render_plugins=[WithRawOperations(operations)],
    )


class WithRawOperations(JsonRenderPlugin):
    """Litestar's document, and in it the operations that Litestar cannot see."""

    def __init__(self, operations: Sequence[RawOperation]) -> None:
        super().__init__()
        self._operations = operations
        self._rendered: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        if self._rendered is None:
            plain = msgspec.json.decode(self.render_json(request, openapi_schema))
            self._rendered = msgspec.json.encode(documented(plain, self._operations))
        return self._rendered


class SchemaRouter(Router):
    """Leaves out Litestar's catch-all under `/schema`, whose 404 is a page of HTML."""

    def register(self, value: Any) -> list[Any]:
        if any("{path:" in path for path in getattr(value, "paths", ())):
            return []
        return super().register(value)


def root_page(greeting: str, *, shown: bool) -> Any:
    """`/`: people with a browser are led to the documentation, programs get a line of text."""

    @route("/", http_method=["GET", "HEAD"], include_in_schema=False, sync_to_thread=False)
    def root(request: Request[Any, Any, Any]) -> Response[str]:
        headers = {"vary": "Accept"}
        if shown and "text/html" in request.headers.get("accept", ""):
            headers["location"] = "/docs"
            return Response("", status_code=307, headers=headers, media_type="text/plain")
        return Response(greeting, headers=headers, media_type="text/plain")

    return root


@get("/docs", include_in_schema=False, sync_to_thread=False)
def docs_page() -> Response[bytes]:
    html, policy = docs()
    headers = {
        "content-security-policy": policy,
        "cache-control": "no-cache",
        "referrer-policy": "no-referrer",
    }
    return Response(html, headers=headers, media_type="text/html")


@cache
def docs() -> tuple[bytes, str]:
    """The page, and a policy under which nothing runs but its own script and style."""
    html = Path(__file__).with_name("docs.html").read_bytes()
    script, style = digest_of(b"script", html), digest_of(b"style", html)
    policy = (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return html, policy


def digest_of(tag: bytes, html: bytes) -> str:
    """The source expression of the page's one inline element of this kind (CSP level 3)."""
    [text] = re.findall(b"<%s>(.*?)</%s>" % (tag, tag), html, re.DOTALL)
    return "sha256-" + base64.b64encode(sha256(text).digest()).decode()
