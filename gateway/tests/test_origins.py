"""Which pages may use the gateway, and what their browsers are told."""

from typing import Any

import pytest

from gateway.tests.asgi import METHODS, Header, ask, call, front, hello, refused, streaming

JSON = (b"content-type", b"application/json")
FOREIGN = (b"origin", b"https://evil.example")
FRIENDLY = (b"origin", b"http://localhost:3000")


@pytest.mark.parametrize(
    "origin",
    [b"http://localhost:3000", b"https://localhost", b"http://127.0.0.1:5173", b"http://[::1]:1"],
)
@pytest.mark.parametrize("app", [hello, streaming])
async def test_pages_of_this_machine_are_answered_with_cors(origin: bytes, app: Any) -> None:
    answer = await ask((b"origin", origin), (b"sec-fetch-site", b"cross-site"), app=front(app))
    assert answer.status == 200
    assert answer["access-control-allow-origin"] == origin.decode()
    assert answer["vary"] == "Origin"
    assert answer["access-control-expose-headers"] == "x-request-id, *"
    assert answer["access-control-allow-credentials"] is None


@pytest.mark.parametrize(
    "origin",
    [
        b"https://evil.example",
        b"null",
        b"",
        b"http://0.0.0.0:3000",
        b"http://localhost.evil.example",
        b"http://localhost:3000.evil.example",
        b"http://evil.example#localhost",
        b"http://user@localhost:3000",
        b"ftp://localhost",
        b"file://",
        b"chrome-extension://abcdef",
        b"localhost:3000",
        b"http://127.0.0.2",
        b"http://localhost:3000, http://localhost:3000",
    ],
)
@pytest.mark.parametrize("method", METHODS)
async def test_foreign_pages_are_refused_on_every_method(origin: bytes, method: str) -> None:
    answer = await ask((b"origin", origin), (b"sec-fetch-mode", b"navigate"), method=method)
    assert refused(answer, 403, "origin_refused")
    assert "MOCHI_CORS_ORIGINS" in answer.error["message"]
    assert origin.decode() in answer.error["message"]
    assert answer["access-control-allow-origin"] is None


@pytest.mark.parametrize("rules", [{}, {"cors_origins": ("*",)}])
async def test_two_origins_are_one_too_many(rules: dict[str, Any]) -> None:
    assert refused(await ask(FRIENDLY, FRIENDLY, app=front(**rules)), 403, "origin_refused")


async def test_a_page_of_the_gateway_itself_needs_no_list() -> None:
    app = front(cors_origins=(), allowed_hosts=("my.box",))
    same = [(b"host", b"my.box:8000"), (b"origin", b"http://my.box:8000")]
    other = [(b"host", b"my.box:8000"), (b"origin", b"http://my.box:9000")]
    assert (await call(app, headers=same)).status == 200
    assert refused(await call(app, headers=other), 403, "origin_refused")
    assert refused(await call(app, headers=same, scheme="https"), 403, "origin_refused")


async def test_configured_origins_are_exact_and_replace_loopback() -> None:
    app = front(cors_origins=("https://UI.example/",))
    answer = await ask((b"origin", b"https://ui.example"), app=app)
    assert answer["access-control-allow-origin"] == "https://ui.example"
    for origin in (b"https://ui.example:444", b"http://ui.example", b"http://localhost:3000"):
        assert refused(await ask((b"origin", origin), app=app), 403, "origin_refused")


@pytest.mark.parametrize("origin", [b"https://anything.example", b"null"])
async def test_a_star_opens_to_every_page_but_never_with_credentials(origin: bytes) -> None:
    answer = await ask((b"origin", origin), app=front(cors_origins=("*",)))
    assert answer.status == 200
    assert answer["access-control-allow-origin"] == "*"
    assert answer["access-control-allow-credentials"] is None


@pytest.mark.parametrize(
    ("site", "mode", "method", "path", "status"),
    [
        (b"cross-site", b"no-cors", "GET", "/v1/models", 403),
        (b"cross-site", b"no-cors", "POST", "/v1/chat/completions", 403),
        (b"same-site", b"cors", "DELETE", "/api/v1/sessions/1", 403),
        (b"cross-site", b"navigate", "GET", "/v1/models", 403),
        (b"cross-site", b"navigate", "POST", "/docs", 403),
        (b"cross-site", b"no-cors", "GET", "/docs", 403),
        (b"something-new", b"cors", "GET", "/v1/models", 403),
        (b"cross-site", b"navigate", "GET", "/", 200),
        (b"cross-site", b"navigate", "GET", "/docs", 200),
        (b"same-site", b"navigate", "GET", "/schema/openapi.json", 200),
        (b"same-origin", b"cors", "GET", "/schema/openapi.json", 200),
        (b"none", b"navigate", "GET", "/v1/models", 200),
    ],
)
async def test_a_browser_that_names_no_origin_is_judged_by_its_site(
    site: bytes, mode: bytes, method: str, path: str, status: int
) -> None:
    headers = ((b"sec-fetch-site", site), (b"sec-fetch-mode", mode))
    assert (await ask(*headers, method=method, path=path)).status == status


async def test_node_fetch_is_no_browser() -> None:
    answer = await ask((b"sec-fetch-mode", b"cors"), (b"accept-language", b"*"), JSON)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("rules", "headers", "status"),
    [
        ({"api_key": "secret"}, (), 401),
        ({}, ((b"content-length", b"5"), (b"content-type", b"text/plain")), 415),
        ({}, ((b"content-length", b"99999999"), JSON), 413),
    ],
)
async def test_errors_carry_cors_headers_so_that_a_page_can_show_them(
    rules: dict[str, Any], headers: tuple[Header, ...], status: int
) -> None:
    answer = await ask(FRIENDLY, *headers, method="POST", app=front(**rules))
    assert answer.status == status
    assert answer["access-control-allow-origin"] == "http://localhost:3000"


async def test_a_preflight_is_answered_without_a_key() -> None:
    answer = await ask(
        FRIENDLY,
        (b"access-control-request-method", b"POST"),
        (
            b"access-control-request-headers",
            b"authorization,X-Stainless-OS, x-stainless-new,x-b\x0b",
        ),
        (b"access-control-request-private-network", b"true"),
        method="OPTIONS",
        app=front(api_key="secret"),
    )
    assert (answer.status, answer.body) == (204, b"")
    assert answer["access-control-allow-origin"] == "http://localhost:3000"
    assert "DELETE" in str(answer["access-control-allow-methods"])
    allowed = str(answer["access-control-allow-headers"]).split(", ")
    wanted = {"authorization", "content-type", "openai-beta", "x-stainless-os", "x-stainless-new"}
    assert wanted <= set(allowed)
    assert "x-b" not in str(allowed)
    assert int(str(answer["access-control-max-age"])) > 0
    assert answer["access-control-allow-private-network"] is None


async def test_a_foreign_preflight_is_refused() -> None:
    answer = await ask(
        FOREIGN,
        (b"access-control-request-method", b"POST"),
        (b"access-control-request-private-network", b"true"),
        method="OPTIONS",
    )
    assert refused(answer, 403, "origin_refused")
    assert not [name for name, _ in answer.headers if name.startswith(b"access-control")]


async def test_options_that_is_no_preflight_needs_the_key() -> None:
    app = front(api_key="secret")
    assert (await ask(FRIENDLY, method="OPTIONS", app=app)).status == 401
    asked = (b"access-control-request-method", b"POST")
    assert (await ask(asked, method="OPTIONS", app=app)).status == 401
    assert (await ask(FRIENDLY, asked, method="POST", app=app)).status == 401
