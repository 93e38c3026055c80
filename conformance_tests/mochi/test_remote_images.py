"""Images behind URLs: not fetched unless allowed, and never from what only the gateway reaches."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from conformance_tests.checks import fold, message_of
from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.errors import error_of
from conformance_tests.openai.test_vision import PNG, TEXT, image, shown
from conformance_tests.wire import Server

PARAM = "messages[0].content[1].image_url.url"


@pytest.fixture(scope="module")
def fetching(gateway: Gateway) -> Iterator[Server]:
    with gateway_alone(gateway.ollama, MOCHI_ALLOW_REMOTE_IMAGES="true") as running:
        yield Server(running.root + "/v1", "demo-vision", timeout=30)


def refusal(server: Server, url: str, **more: Any) -> str:
    answer = server.chat(model="demo-vision", messages=shown(TEXT, image(url)), **more)
    error = error_of(answer)
    assert (answer.status, error["type"]) == (400, "invalid_request_error")
    assert error["param"] == PARAM
    message: str = error["message"]
    return message


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_nothing_is_fetched_unless_allowed(server: Server, stream: bool) -> None:
    """The setting is named, so that who wants this need not search."""
    message = refusal(server, "https://example.com/a.png", stream=stream)
    assert "MOCHI_ALLOW_REMOTE_IMAGES=true" in message


NOT_PUBLIC = [
    *["http://127.0.0.1/a.png", "http://localhost/", "https://[::1]/", "http://0.0.0.0/"],
    *["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://192.168.1.1/"],
    *["http://100.64.0.1/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"],
    *["http://2130706433/", "http://0x7f.1/", "http://017700000001/", "http://127.1/"],
    *["http://[fd00:ec2::254]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/"],
]


@pytest.mark.parametrize("url", NOT_PUBLIC)
def test_what_is_not_public_is_not_fetched(fetching: Server, url: str) -> None:
    """CVE-2026-31943 of LibreChat, CVE-2026-45401 of Open WebUI: other spellings got through."""
    message = refusal(fetching, url)
    assert message == "The image could not be fetched. The server's address is not public."


HOSTILE = [
    *["http://user@example.com/", "http://host\\@evil/", "http://example.com/\r\nHost: evil"],
    *["http://exam\tple.com/", "http:///a.png", "http:", "http://example.com:22/"],
    *["http://①②⑦.0.0.1/", "http://[fe80::1%25lo]/", "https://example.com:99999/"],
    *["file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "ftp://example.com/a.png"],
    f"http://example.com/{'a' * 100_000}",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_what_could_be_read_in_two_ways_is_refused(fetching: Server, url: str) -> None:
    """CVE-2026-24779 of vLLM, CVE-2026-45400 of Open WebUI: two parsers, two hosts."""
    assert refusal(fetching, url)


def test_nobody_is_connected_to(fetching: Server) -> None:
    """8080 is a port that images may come from: what is refused here is the address."""
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", 8080))
        except OSError:
            pytest.skip("port 8080 is taken")
        listener.listen()
        listener.settimeout(0.3)
        assert "not public" in refusal(fetching, "http://127.0.0.1:8080/a.png")
        with pytest.raises(TimeoutError):
            listener.accept()


def test_all_else_goes_on(fetching: Server) -> None:
    messages = shown(TEXT, image(PNG))
    assert message_of(fetching.chat(messages=messages))["content"]
    assert fold(fetching.stream(messages=messages)).content


def test_a_stream_is_refused_before_it_begins(fetching: Server) -> None:
    assert "not public" in refusal(fetching, "http://127.0.0.1/", stream=True)
