import pytest

from adapters.upstream.url import Origin, parse


def origin(scheme: str, host: str, port: int, prefix: str = "", authorization: str = "") -> Origin:
    return Origin(scheme=scheme, host=host, port=port, prefix=prefix, authorization=authorization)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://example.com", origin("http", "example.com", 80)),
        ("https://example.com", origin("https", "example.com", 443)),
        ("127.0.0.1", origin("http", "127.0.0.1", 11434)),
        ("localhost:8000", origin("http", "localhost", 8000)),
        ("http://LOCALHOST:1/", origin("http", "localhost", 1)),
        ("http://[::1]:11434", origin("http", "::1", 11434)),
        (
            "https://a_b-c.example:8443/ollama/v2/",
            origin("https", "a_b-c.example", 8443, "/ollama/v2"),
        ),
        ("http://u:p@h", origin("http", "h", 80, authorization="Basic dTpw")),
        ("http://user@h", origin("http", "h", 80, authorization="Basic dXNlcjo=")),
        ("http://u%40x:%C3%A9@h", origin("http", "h", 80, authorization="Basic dUB4OsOp")),
    ],
)
def test_url_is_read(url: str, expected: Origin) -> None:
    assert parse(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "http://:80",
        "ftp://host",
        "unix:///run/ollama.sock",
        "http://host:0",
        "http://host:99999",
        "http://user:pass/secret@host",
        "http://host:secret",
        "http://[::1",
        "http://[secret]",
        "http://ho st",
        "http://host\n",
        "http://ho\tst",
        "http://héhé.example",
        "http://host/?secret",
        "http://host/#secret",
        'http://host/"secret"',
        "http://a..b",
        f"http://{'a' * 64}.example",
        "http://%31",
    ],
)
def test_bad_url_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"^The server's URL ") as caught:
        parse(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://host:80", "host"),
        ("https://host", "host"),
        ("https://host:80", "host:80"),
        ("http://[::1]", "[::1]"),
        ("[::1]", "[::1]:11434"),
    ],
)
def test_host_header_leaves_out_the_port_of_the_scheme(url: str, authority: str) -> None:
    assert parse(url).authority == authority


def test_password_is_not_shown() -> None:
    assert repr(parse("http://user:secret@host:1/p")) == "Origin(host:1)"
