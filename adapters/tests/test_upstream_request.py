import pytest

from adapters.upstream.request import RequestHead
from adapters.upstream.url import parse

HEAD = RequestHead(parse("http://user:password@host:81/v1"), "mochi-gateway/9")
FIXED = (
    b"Host: host:81\r\nUser-Agent: mochi-gateway/9\r\nAccept-Encoding: identity\r\n"
    b"Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n"
)


def test_body_is_json_unless_said_otherwise() -> None:
    assert HEAD.render("POST", "/x", 3) == (
        b"POST /v1/x HTTP/1.1\r\n" + FIXED + b"Content-Type: application/json\r\n"
        b"Content-Length: 3\r\n\r\n"
    )
    assert HEAD.render("PUT", "/x", 3, {"content-type": "text/plain", "X-A": ""}) == (
        b"PUT /v1/x HTTP/1.1\r\n" + FIXED + b"content-type: text/plain\r\nX-A: \r\n"
        b"Content-Length: 3\r\n\r\n"
    )


def test_request_without_a_body_says_so_only_where_one_is_expected() -> None:
    assert HEAD.render("GET", "/", 0) == b"GET /v1/ HTTP/1.1\r\n" + FIXED + b"\r\n"
    assert HEAD.render("POST", "/", 0).endswith(b"Content-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/"),
        ("GET /", "/"),
        ("GET", "/a b"),
        ("GET", "/a\r\nX: y"),
        ("GET", "/é"),
        ("", "/"),
    ],
)
def test_request_line_cannot_be_broken(method: str, path: str) -> None:
    with pytest.raises(ValueError, match="method"):
        HEAD.render(method, path, 0)


@pytest.mark.parametrize(
    "headers", [{"A b": "c"}, {"A": "b\r\nC: d"}, {"A": "\x00"}, {"A": "é"}, {"": "a"}, {"A:": "b"}]
)
def test_header_cannot_be_broken(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header"):
        HEAD.render("GET", "/", 0, headers)


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "CONNECTION"])
def test_framing_is_not_for_the_caller_to_say(name: str) -> None:
    with pytest.raises(ValueError, match="framing"):
        HEAD.render("POST", "/", 1, {name: "1"})


def test_user_agent_cannot_break_the_head() -> None:
    with pytest.raises(ValueError, match="header"):
        RequestHead(parse("http://host"), "a\r\nb: c")
