"""The front door, one table per wall: who comes in, who is turned away, and how."""

import asyncio
import socket
from typing import Any

import pytest
import uvicorn

from gateway.tests.asgi import HOST, METHODS, Header, ask, call, front, refused

JSON = (b"content-type", b"application/json")
FOREIGN = (b"origin", b"https://evil.example")
LONG = b"Bearer " + b"k" * 4096
BODY = (b"content-length", b"2")
CHUNKED = (b"transfer-encoding", b"chunked")


@pytest.mark.parametrize(
    "host",
    [
        b"localhost",
        b"LocalHost:8000",
        b"127.0.0.1:1",
        b"127.0.0.1",
        b"[::1]",
        b"[::1]:8000",
        b"my.box:443",
        b"[fe80::2]:8000",
    ],
)
async def test_hosts_on_the_list_come_in_on_any_port(host: bytes) -> None:
    names = ("localhost", "127.0.0.1", "[::1]", "My.Box", "fe80::2")
    answer = await call(front(allowed_hosts=names), headers=[(b"host", host)])
    assert answer.status == 200


BAD_HOSTS = [
    b"evil.example",
    b"evil.example:8000",
    b"",
    b"0.0.0.0",
    b"0.0.0.0:8000",
    b"127x0x0x1",
    b"127.0.0.1.evil.example",
    b"127.0.0.2",
    b"localhost.",
    b"notlocalhost",
    b"user@localhost",
    b"localhost/evil.example",
    b"localhost:80@evil.example",
    b"localhost:eighty",
    b"localhost, evil.example",
    b"[::1",
    b"[::1]evil",
    b"[0:0:0:0:0:0:0:1]",
    b"::1",
    b"2130706433",
    b"127.1",
    b"localhost\xc2\xb2",
    b":8000",
    b"localhost:",
]


@pytest.mark.parametrize("host", BAD_HOSTS)
async def test_other_hosts_do_not(host: bytes) -> None:
    answer = await call(front(), headers=[(b"host", host)])
    assert refused(answer, 403, "host_refused")
    assert "MOCHI_ALLOWED_HOSTS" in answer.error["message"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["/", "/health", "/docs", "/v1/models", "/no/such/path"])
async def test_the_host_is_judged_on_every_method_and_path(method: str, path: str) -> None:
    answer = await call(front(), method, path, [(b"host", b"evil.example")])
    assert refused(answer, 403, "host_refused")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"x-forwarded-host", b"localhost")],
        [(b"forwarded", b"host=localhost")],
        [(b"host", b"evil.example"), (b"x-forwarded-host", b"localhost")],
        [(b"host", b"localhost"), (b"host", b"localhost")],
        [(b"host", b"localhost"), (b"host", b"evil.example")],
        [(b"host", b"evil.example"), (b"accept", b"*/*"), (b"host", b"localhost")],
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_exactly_one_host_and_no_word_of_a_proxy(headers: list[Header], version: str) -> None:
    await call(app := front())  # a host that was found good once opens nothing
    answer = await call(app, headers=headers, http_version=version)
    assert refused(answer, 403, "host_refused")


async def test_the_wildcard_address_counts_when_it_is_configured() -> None:
    app = front(allowed_hosts=("0.0.0.0",))
    assert (await call(app, headers=[(b"host", b"0.0.0.0:8000")])).status == 200


async def test_a_host_that_cannot_be_one_is_a_configuration_error() -> None:
    with pytest.raises(ValueError, match="not a host name"):
        front(allowed_hosts=("my.box:http",))


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/api/v1/sessions", {"code", "message", "details"}),
        ("/v1/models", {"message", "type", "param", "code"}),
    ],
)
async def test_refusals_wear_the_shape_of_the_family(path: str, shape: set[str]) -> None:
    answer = await call(front(), path=path, headers=[(b"host", b"evil.example")])
    assert answer.error.keys() == shape


@pytest.mark.parametrize(
    "authorization", [b"Bearer s\xc3\xa9cret", b"bearer s\xc3\xa9cret", b"BEARER  s\xc3\xa9cret "]
)
async def test_the_right_key_opens(authorization: bytes) -> None:
    answer = await ask((b"authorization", authorization), app=front(api_key="sécret"))
    assert answer.status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], None),
        ([(b"authorization", b"")], None),
        ([(b"authorization", b"Bearer")], None),
        ([(b"authorization", b"Bearer ")], None),
        ([(b"authorization", b"Basic secret")], None),
        ([(b"authorization", b"secret")], None),
        ([(b"x-api-key", b"secret")], None),
        ([(b"authorization", b"Bearer wrong")], "invalid_api_key"),
        ([(b"authorization", b"Bearer secre")], "invalid_api_key"),
        ([(b"authorization", b"Bearer secret2")], "invalid_api_key"),
        ([(b"authorization", b"Bearer \xff\xfe")], "invalid_api_key"),
        ([(b"authorization", b"Bearer secret")] * 2, "invalid_api_key"),
        ([(b"authorization", LONG)], "invalid_api_key"),
    ],
)
async def test_any_other_does_not(headers: list[Header], code: str | None) -> None:
    answer = await ask(*headers, app=front(api_key="secret"))
    assert (answer.status, answer["www-authenticate"]) == (401, "Bearer")
    assert answer.error["code"] == code


async def test_a_key_cut_at_the_limit_is_not_the_key() -> None:
    key = "k" * 4089
    assert (await ask((b"authorization", LONG[:4096]), app=front(api_key=key))).status == 200
    assert (await ask((b"authorization", LONG), app=front(api_key=key))).status == 401


@pytest.mark.parametrize("path", ["/", "/docs", "/schema/openapi.json", "/v1/x", "/health/", "/h"])
@pytest.mark.parametrize("method", METHODS)
async def test_the_key_guards_every_path_and_method(path: str, method: str) -> None:
    assert (await ask(method=method, path=path, app=front(api_key="secret"))).status == 401


async def test_the_key_is_not_read_from_the_query() -> None:
    query = b"api_key=secret&authorization=Bearer%20secret"
    assert (await call(front(api_key="secret"), query_string=query)).status == 401


async def test_health_is_open_but_not_to_foreign_pages() -> None:
    app = front(api_key="secret")
    assert (await ask(path="/health", app=app)).status == 200
    assert (await ask(FOREIGN, path="/health", app=app)).status == 403


async def test_the_key_comes_before_the_body() -> None:
    headers = ((b"content-length", b"99999999"), (b"content-type", b"text/plain"))
    assert (await ask(*headers, method="POST", app=front(api_key="secret"))).status == 401


async def test_without_a_key_a_dummy_one_is_ignored() -> None:
    for authorization in (b"Bearer ollama", b"Basic x", LONG):
        assert (await ask((b"authorization", authorization))).status == 200


@pytest.mark.parametrize(
    "kind",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=utf-8",
        b'application/json;charset="UTF-8"',
        b"application/json;",
    ],
)
@pytest.mark.parametrize("body", [BODY, CHUNKED])
async def test_json_bodies_come_in(kind: bytes, body: Header) -> None:
    assert (await ask(body, (b"content-type", kind), method="POST")).status == 200


@pytest.mark.parametrize(
    "kind",
    [
        None,
        b"",
        b"text/plain",
        b"text/json",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"application/jsonp",
        b"application/json, text/plain",
        b"application/json; charset=utf-16",
        b"application/json; charset=latin-1",
        b"application/json; version=2",
        b"text/plain; application/json",
    ],
)
@pytest.mark.parametrize("body", [BODY, CHUNKED])
async def test_other_bodies_do_not(kind: bytes | None, body: Header) -> None:
    headers = (body,) if kind is None else (body, (b"content-type", kind))
    for method in METHODS:
        assert (await ask(*headers, method=method)).status == 415


async def test_the_refusal_says_what_curl_needs() -> None:
    kind = (b"content-type", b"application/x-www-form-urlencoded")
    answer = await ask(BODY, kind, method="POST")
    assert "-H 'Content-Type: application/json'" in answer.error["message"]


async def test_a_second_content_type_is_one_too_many() -> None:
    assert (await ask(BODY, JSON, JSON, method="POST")).status == 415


@pytest.mark.parametrize("method", METHODS)
async def test_no_body_needs_no_type(method: str) -> None:
    plain = (b"content-type", b"text/plain")
    assert (await ask(method=method)).status == 200
    assert (await ask((b"content-length", b"0"), plain, method=method)).status == 200


@pytest.mark.parametrize(("coding", "status"), [(b"identity", 200), (b"gzip", 415), (b"br", 415)])
async def test_bodies_come_uncompressed(coding: bytes, status: int) -> None:
    answer = await ask(BODY, JSON, (b"content-encoding", coding), method="POST")
    assert answer.status == status


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("/v1/chat/completions", b"100", 200),
        ("/v1/chat/completions", b"101", 413),
        ("/api/v1/sessions", b"10", 200),
        ("/api/v1/sessions", b"11", 413),
        ("/v1", b"11", 413),
        ("/v1/chat/completions", b"9" * 5000, 413),
        ("/v1/chat/completions", b"-1", 400),
        ("/v1/chat/completions", b"1_0", 400),
        ("/v1/chat/completions", b"1, 1", 400),
    ],
)
async def test_a_body_that_says_it_is_too_large_is_not_read(
    path: str, length: bytes, status: int
) -> None:
    app = front(max_body=100, max_other_body=10)
    answer = await ask((b"content-length", length), JSON, method="POST", path=path, app=app)
    assert answer.status == status


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        ((HOST,), "/v1/responses", 200),
        ((HOST, (b"origin", b"http://localhost:8000")), "/v1/responses", 200),
        ((HOST,), "/v1/models", 404),
        ((HOST, FOREIGN), "/v1/responses", 403),
        (((b"host", b"evil.example"),), "/v1/responses", 403),
    ],
)
async def test_only_named_websockets_are_let_through_the_same_walls(
    headers: tuple[Header, ...], path: str, status: int
) -> None:
    app = front(websockets=("/v1/responses",), cors_origins=())
    scope: Any = {
        "type": "websocket",
        "extensions": {"websocket.http.response": {}},
        "scheme": "ws",
    }
    answer = await call(app, path=path, headers=headers, **scope)
    assert answer.status == (0 if status == 200 else status)
    assert answer["x-content-type-options"] == "nosniff"


async def test_websockets_need_the_key_and_are_off_unless_named() -> None:
    scope: Any = {"type": "websocket", "extensions": {"websocket.http.response": {}}}
    keyed = front(api_key="secret", websockets=("/v1/responses",))
    assert (await call(keyed, path="/v1/responses", **scope)).status == 401
    assert (await call(front(), path="/v1/responses", **scope)).status == 404


async def test_a_server_that_cannot_answer_a_handshake_is_told_to_close() -> None:
    sent: list[Any] = []
    receive: Any = None

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "websocket", "path": "/ws", "headers": [HOST], "scheme": "ws"}
    await front()(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": None}]


async def test_lifespan_passes() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    scope: Any = {"type": "lifespan"}
    receive: Any = object()
    send: Any = object()
    await front(app)(scope, receive, send)
    assert seen == [(scope, receive, send)]


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", 403),
        (b"GET / HTTP/1.0\r\nX-Forwarded-Host: localhost\r\n\r\n", 403),
        (b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n", 403),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 403),
        (b"GET / HTTP/1.1\r\nHOST: LOCALHOST\r\nConnection: close\r\n\r\n", 200),
        (b"GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 403),
    ],
)
async def test_the_walls_hold_behind_a_real_parser(request_head: bytes, status: int) -> None:
    config = uvicorn.Config(front(), lifespan="off", log_config=None, proxy_headers=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(request_head)
            answer = await reader.read()
            writer.close()
            server.should_exit = True
            await serving
    assert answer.split(b"\r\n")[0].split(b" ")[1] == b"%d" % status
    assert b"x-content-type-options: nosniff" in answer
