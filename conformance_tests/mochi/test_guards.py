"""The front door. Loopback is no boundary: any web page in the user's browser can reach it."""

from collections.abc import Mapping

import pytest

from conformance_tests.checks import completion
from conformance_tests.mochi.errors import error_of
from conformance_tests.wire import Answer, Server

PATHS = ["/health", "/v1/models", "/v1/chat/completions", "/api/v1/sessions", "/api/tags", "/no"]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def refused(answer: Answer, code: str) -> bool:
    """403 with this code, in the shape of whichever family was asked."""
    error = answer.json["error"]
    said = error["code"].lower() if isinstance(error, dict) else code
    return answer.status == 403 and said == code


@pytest.mark.parametrize(
    "host", ["127.0.0.1:%d", "localhost:%d", "LOCALHOST:%d", "[::1]:%d", "localhost", "127.0.0.1:1"]
)
def test_our_own_names(root: Server, host: str) -> None:
    """RFC 9110, 7.2: host names are compared without case; proxies change the port."""
    answer = root.get("/v1/models", {"Host": host % root.port if "%" in host else host})
    assert answer.status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:%d",
        "127.0.0.1.evil.example:%d",
        "localhost.evil.example",
        "evil-localhost",
        "127x0x0x1:%d",
        "0.0.0.0:%d",
        "127.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "localhost@evil.example",
        "localhost, evil.example",
        "localhost:evil",
    ],
)
@pytest.mark.parametrize("path", ["/health", "/v1/models", "/no"])
def test_a_rebound_name_is_refused(root: Server, host: str, path: str) -> None:
    """CVE-2024-28224, CVE-2026-25479: DNS rebinding; only the Host header gives the page away."""
    answer = root.get(path, {"Host": host % root.port if "%" in host else host})
    assert refused(answer, "host_refused")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", PATHS)
def test_no_method_and_no_path_is_forgotten(root: Server, method: str, path: str) -> None:
    """CVE-2026-27482: POST and PUT were guarded there, DELETE was not."""
    assert refused(root.request(method, path, headers={"Host": "evil.example"}), "host_refused")
    foreign: dict[str, str | None] = {"Origin": "https://evil.example"}
    assert refused(root.request(method, path, headers=foreign), "origin_refused")


@pytest.mark.parametrize(
    "lines",
    [
        b"GET /v1/models HTTP/1.1\r\n",
        b"GET /v1/models HTTP/1.0\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost:\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n",
        b"GET /v1/models HTTP/1.1\r\nX-Forwarded-Host: localhost\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n",
        b"GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nForwarded: host=localhost\r\n",
    ],
    ids=range(8),
)
def test_exactly_one_host(root: Server, lines: bytes) -> None:
    """RFC 9112, 3.2: exactly one; CVE-2026-48061: a forwarded one is none."""
    with root.send(lines + b"Connection: close\r\n\r\n", "GET") as live:
        assert live.begin() in (400, 403)
        error_of(live.rest())


LOOPBACK = ["http://localhost:3000", "https://localhost", "http://127.0.0.1:5173", "http://[::1]:1"]


@pytest.mark.parametrize("origin", LOOPBACK)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/there-is-no-such-route"])
def test_pages_of_this_machine_may_call(root: Server, origin: str, path: str) -> None:
    """Fetch standard: a page reads an answer, errors included, that names its origin."""
    answer = root.get(path, {"Origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin
    assert "origin" in answer.headers["vary"].lower()
    assert "x-request-id" in answer.headers["access-control-expose-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers


def test_streams_name_the_origin_too(root: Server) -> None:
    """Fetch standard: otherwise the page sees a network error instead of tokens."""
    headers: dict[str, str | None] = {"Origin": LOOPBACK[0]}
    answer = root.request("POST", "/v1/chat/completions", root.body(stream=True), headers)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == LOOPBACK[0]


FOREIGN = [
    "https://evil.example",
    "http://localhost.evil.example",
    "http://evil.example:3000",
    "http://127.0.0.1.nip.io",
    "http://0.0.0.0:8000",
    "http://localhost@evil.example",
    "http://localhost:3000, https://evil.example",
    "null",
    "file://",
    "chrome-extension://abcdef",
    "ftp://localhost",
    "localhost",
]


@pytest.mark.parametrize("origin", FOREIGN)
def test_foreign_pages_are_refused(root: Server, origin: str) -> None:
    """CVE-2025-49596: a "simple" POST of a page takes effect although its answer is not read."""
    headers: dict[str, str | None] = {"Origin": origin}
    answer = root.request("POST", "/v1/chat/completions", root.body(), headers)
    assert refused(answer, "origin_refused")
    assert "access-control-allow-origin" not in answer.headers


SITES = {"same-origin": 200, "none": 200, "cross-site": 403, "same-site": 403, "odd": 403}


@pytest.mark.parametrize("site", SITES)
def test_requests_of_pages_that_name_no_origin(root: Server, site: str) -> None:
    """Fetch metadata: images, scripts and links of a page come without Origin, with this."""
    answer = root.get("/v1/models", {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"})
    assert answer.status == SITES[site]


def test_a_link_to_the_pages_works(root: Server) -> None:
    """Fetch metadata: a followed link is a navigation, and the pages are there for people."""
    headers: dict[str, str | None] = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
    }
    assert root.get("/docs", headers).status != 403
    assert root.get("/v1/models", headers).status == 403


def preflight(root: Server, origin: str, **more: str) -> Answer:
    asked: Mapping[str, str] = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, x-stainless-lang",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return root.request("OPTIONS", "/v1/chat/completions", headers=dict(asked))


def test_preflight(root: Server) -> None:
    """Fetch standard: what browser builds of the SDKs send must be allowed by name."""
    answer = preflight(root, LOOPBACK[0])
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == LOOPBACK[0]
    allowed = answer.headers["access-control-allow-headers"].lower().replace(" ", "").split(",")
    assert {"authorization", "content-type", "x-stainless-lang"} <= set(allowed)
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_preflight_of_a_foreign_page(root: Server) -> None:
    """Private Network Access: the answer that would let a public page in is never given."""
    for origin in (LOOPBACK[0], "https://evil.example"):
        answer = preflight(root, origin, Access_Control_Request_Private_Network="true")
        assert "access-control-allow-private-network" not in answer.headers
    assert refused(answer, "origin_refused")
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/jsonp",
        "text/plain, application/json",
        "json",
        "",
        None,
    ],
)
def test_bodies_are_json_by_name(root: Server, kind: str | None) -> None:
    """Fetch standard: pages may send these types without asking; JSON they may not."""
    headers = {"Content-Type": kind}
    answer = root.request("POST", "/v1/chat/completions", root.body(), headers)
    assert (answer.status, error_of(answer)["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_bodies_are_not_compressed(root: Server, coding: str) -> None:
    """RFC 9110, 15.5.16: 415 for a content coding that is not understood; no gzip bombs."""
    headers: dict[str, str | None] = {"Content-Encoding": coding}
    assert root.request("POST", "/v1/chat/completions", root.body(), headers).status == 415


MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("path", "size"),
    [("/v1/chat/completions", 33 * MIB), ("/v1/chat/completions", 10**15), ("/api/v1/x", 2 * MIB)],
)
def test_a_body_that_says_it_is_too_large(root: Server, path: str, size: int) -> None:
    """RFC 9110, 15.5.14: 413; at once, not after reading it."""
    head = {"Content-Type": "application/json", "Content-Length": str(size)}
    with root.send(root.head("POST", path, dict(head))) as live:
        assert live.begin() == 413
        assert live.rest().json["error"]["code"].lower() == "too_large"


def test_a_body_that_turns_out_too_large(root: Server) -> None:
    """RFC 9112, 7.1: a chunked body does not say how long it will be; it is counted."""
    head = root.head(
        "POST",
        "/v1/chat/completions",
        {"Content-Type": "application/json", "Transfer-Encoding": "chunked"},
    )
    chunk = b"%x\r\n%s\r\n" % (MIB, b" " * MIB)
    with root.send(head + chunk * 34 + b"0\r\n\r\n") as live:
        assert live.begin() == 413


def test_a_large_image_is_not_too_large(root: Server) -> None:
    """Phones make images of ten megabytes; base64 adds a third."""
    body = root.body(x="A" * (14 * MIB), max_tokens=2)
    completion(root.request("POST", "/v1/chat/completions", body))


@pytest.mark.parametrize("name", ["Upgrade-Insecure-Requests", "X-HTTP-Method-Override", "Cookie"])
def test_headers_without_meaning(root: Server, name: str) -> None:
    """Method overrides and cookies belong to other frameworks, and change nothing here."""
    assert root.get("/v1/models", {name: "DELETE"}).status == 200


HANDSHAKE: dict[str, str | None] = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize(
    ("header", "value"), [("Origin", "https://evil.example"), ("Host", "evil.example")]
)
def test_a_websocket_has_the_same_walls(root: Server, header: str, value: str) -> None:
    """RFC 6455, 10.2: browsers let any page open a WebSocket, so the server has to refuse."""
    with root.open("GET", "/v1/responses", headers=HANDSHAKE) as live:
        assert live.begin() == 101
    with root.open("GET", "/v1/responses", headers=HANDSHAKE | {header: value}) as live:
        assert live.begin() == 403


def test_no_websocket(root: Server) -> None:
    """RFC 9110, 7.8: an upgrade that is not offered is ignored or refused, never left hanging."""
    with root.open("GET", "/v1/embeddings", headers=HANDSHAKE) as live:
        assert 400 <= live.begin() < 500
