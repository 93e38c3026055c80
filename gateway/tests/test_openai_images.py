"""Images of a request."""

from base64 import b64encode

import pytest

from gateway.core.errors import InvalidRequest, Unsupported
from gateway.core.messages import ImagePart, RemoteImagePart
from gateway.dialects.openai.images import read_image

PNG = b64encode(b"\x89PNG\r\n\x1a\n rest").decode()


@pytest.mark.parametrize(
    "head",
    [
        "data:;base64,",
        "DATA:IMAGE/PNG;Base64,",
        "data:image/jpeg;base64,",
        "data:text/html;base64,",
    ],
)
def test_the_bytes_say_what_it_is(head: str) -> None:
    assert read_image(head + PNG, "at") == ImagePart(PNG, "image/png")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/x.png", "https://x/y", "HTTP://x/y", "HttpS://x", "http:", "https:///x"],
)
def test_what_is_remote_is_only_noted(url: str) -> None:
    assert read_image(url, "at") == RemoteImagePart(url, "at")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://x/1",
        "ftp://x/y",
        "//x/y",
        "x",
        "",
        " data:;base64,",
        PNG,
        "httpx://y",
    ],
)
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(Unsupported, match="data URI") as caught:
        read_image(url, "at")
    assert (caught.value.param, caught.value.reason) == ("at", "unsupported_value")


@pytest.mark.parametrize(
    "url", ["data:", "data:;base64,", "data:;base64,%%%", "data:image/png;base64,aGVsbG8="]
)
def test_what_is_no_image_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_image(url, "at")
    assert (caught.value.param, caught.value.reason) == ("at", "invalid_value")


def test_what_is_mended_is_sent_on_mended() -> None:
    assert read_image(f"data:;base64,{PNG[:8]}\n{PNG[8:]}\n", "at") == ImagePart(PNG, "image/png")
