"""Images in data URIs."""

from base64 import b64encode

import pytest

from gateway.core.errors import InvalidRequest, Unsupported
from gateway.core.messages import ImagePart
from gateway.dialects.openai import images
from gateway.dialects.openai.images import read_image

KINDS = {
    "image/png": b"\x89PNG\r\n\x1a\n rest",
    "image/jpeg": b"\xff\xd8\xff\xe0 rest",
    "image/webp": b"RIFF\x10\x00\x00\x00WEBPVP8 ",
    "image/gif": b"GIF89a rest",
}


def packed(image: bytes) -> str:
    return b64encode(image).decode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "head", ["data:;base64,", "data:image/x;name=a.b;base64,", "DATA:; Base64 ,"]
)
def test_the_bytes_say_what_it_is(kind: str, head: str) -> None:
    data = packed(KINDS[kind])
    assert read_image(head.replace(" ", "") + data, "at") == ImagePart(data, kind)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/x.png", "https://x/y", "file:///etc/passwd", "x", ""]
)
def test_nothing_is_fetched(url: str) -> None:
    with pytest.raises(Unsupported) as caught:
        read_image(url, "messages[0].content[0].image_url.url")
    assert caught.value.param == "messages[0].content[0].image_url.url"


@pytest.mark.parametrize(
    "url",
    [
        "data:",
        "data:image/png,plain",
        "data:;base64",
        "data:;base64,",
        "data:;base64,%%%",
        "data:;base64,iVBORw0KGg",
        f"data:image/png;base64,{packed(b'<svg/>')}",
    ],
)
def test_what_is_no_image_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_image(url, "at")
    assert (caught.value.param, caught.value.reason) == ("at", "invalid_value")


def test_an_image_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    image = KINDS["image/png"] + bytes(100)
    monkeypatch.setattr(images, "MAX_IMAGE_BYTES", len(image) - 1)
    with pytest.raises(InvalidRequest, match="larger"):
        read_image(f"data:;base64,{packed(image)}", "at")
