"""URLs of images."""

import pytest

from adapters.images.urls import BadURL, Location, located


def at(host: str, target: str = "/", port: int | None = None, scheme: str = "http") -> Location:
    default = 443 if scheme == "https" else 80
    return Location(scheme=scheme, host=host, port=port or default, target=target)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("http://example.com/a.png", at("example.com", "/a.png")),
        ("HTTPS://Example.COM", at("example.com", scheme="https")),
        ("https://example.com:443/", at("example.com", scheme="https")),
        ("http://example.com:8080/", at("example.com", port=8080)),
        ("https://example.com:8443/", at("example.com", port=8443, scheme="https")),
        ("http://example.com?a=b&c=%20", at("example.com", "/?a=b&c=%20")),
        ("http://example.com/a?b#c", at("example.com", "/a?b")),
        ("http://a_b.example.com./", at("a_b.example.com.")),
        ("http://[2606:4700::1111]/a", at("2606:4700::1111", "/a")),
        ("http://[2606:4700::1111]:8080/a", at("2606:4700::1111", "/a", 8080)),
        ("http://8.8.8.8/a", at("8.8.8.8", "/a")),
        ("http://bücher.example/ä.png?ö", at("xn--bcher-kva.example", "/%C3%A4.png?%C3%B6")),
        ("http://bücher.example:8080/", at("xn--bcher-kva.example", port=8080)),
        ('http://example.com/"<a>{b}|^`', at("example.com", "/%22%3Ca%3E%7Bb%7D%7C%5E%60")),
        ("http://example.com/a;b=c,d@e:f!$&'()*+~[1]", at("example.com", "/a;b=c,d@e:f!$&'()*+~[1]")),
        ("http://example.com/../a//b/./", at("example.com", "/../a//b/./")),
    ],
)  # fmt: skip
def test_read(url: str, location: Location) -> None:
    assert located(url) == location


def test_base_is_the_url_of_the_server() -> None:
    assert located("https://[2606:4700::1111]/a").base == "https://[2606:4700::1111]:443"


HOSTILE = {
    "CRLF": "http://example.com/\r\nHost: evil",
    "CRLF in the host": "http://example.com\r\n/",
    "tab": "http://exam\tple.com/",
    "newline": "http://example.com/a\nb",
    "null": "http://example.com/\0",
    "delete": "http://example.com/\x7f",
    "blank": "http://example.com/a b",
    "blank first": " http://example.com/",
    "no-break space": "http://example.com/\u00a0",
    "line separator": "http://example.com/\u2028",
    "right-to-left override": "http://example.com/\u202e",
    "surrogate": "http://example.com/\ud800",
    "backslash": "http://example.com\\@127.0.0.1/",
    "backslash after user": "http://host\\@evil/",
    "backslash for slash": "http:\\\\127.0.0.1\\",
    "user": "http://user@example.com/",
    "user and password": "http://user:pass@example.com/",
    "empty user": "http://@example.com/",
    "two users": "http://a@b@example.com/",
    "no host": "http:///a.png",
    "no slashes": "http:example.com",
    "one slash": "http:/example.com",
    "scheme alone": "http:",
    "port alone": "http://:80/",
    "empty port": "http://example.com:/",
    "port 0": "http://example.com:0/",
    "port 22": "http://example.com:22/",
    "Redis": "http://example.com:6379/",
    "Ollama": "http://example.com:11434/",
    "port too large": "http://example.com:65616/",
    "negative port": "http://example.com:-80/",
    "signed port": "http://example.com:+80/",
    "zeros before the port": "http://example.com:0080/",
    "two ports": "http://example.com:80:80/",
    "port in other digits": "http://example.com:８０/",
    "word for a port": "http://example.com:http/",
    "text after brackets": "http://[2606:4700::1111]evil/",
    "text before brackets": "http://evil[2606:4700::1111]/",
    "open bracket": "http://[2606:4700::1111/",
    "brackets around a name": "http://[localhost]/",
    "zone": "http://[fe80::1%25eth0]/",
    "percent in the host": "http://127%2e0.0.1/",
    "circled digits": "http://①②⑦.⓪.⓪.①/",
    "full-width dots": "http://127。0。0。1/",
    "full-width letters": "http://ｌocalhost/",
    "sharp s, which some take for ss": "http://straße.example/",
    "soft hyphen": "http://local\u00adhost/",
    "zero-width joiner": "http://local\u200dhost/",
    "empty label": "http://example..com/",
    "dot": "http://./",
    "stars": "http://*.example.com/",
    "label too long": f"http://{'a' * 64}.example/",
    "host too long": f"http://{'.'.join(['a' * 60] * 5)}/",
    "host much too long": f"http://{'a' * 300}/",
    "URL too long": f"http://example.com/{'a' * 8192}",
    "file": "file:///etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_INFO",
    "ftp": "ftp://example.com/a.png",
    "data": "data:image/png;base64,AAAA",
    "data inside": "http:data:image/png;base64,AAAA",
    "two schemes": "http:http://example.com/",
    "jar": "jar:http://example.com/a.jar!/",
    "empty": "",
}


@pytest.mark.parametrize("url", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_could_be_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(BadURL):
        located(url)


def test_the_reason_quotes_nothing() -> None:
    with pytest.raises(BadURL) as caught:
        located("http://example.com:s3cret/")
    assert "s3cret" not in str(caught.value)
