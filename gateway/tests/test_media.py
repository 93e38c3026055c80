"""Images and sounds, told by their first bytes."""

import pytest

from gateway.core.errors import InvalidRequest, Unsupported
from gateway.core.media import image_type, sound_format


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n rest", "image/png"),
        (b"\xff\xd8\xff\xe0 rest", "image/jpeg"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
    ],
)
def test_images(image: bytes, kind: str) -> None:
    assert image_type(image, "at") == kind


@pytest.mark.parametrize(
    ("image", "name"),
    [
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"BM\x36\x00", "BMP"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"\0\0\0\x1cftypavif", "AVIF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypmif1", "HEIC"),
    ],
)
def test_images_that_models_cannot_read_are_named(image: bytes, name: str) -> None:
    with pytest.raises(Unsupported, match=f"is a {name}, .* PNG, JPEG and WebP work") as caught:
        image_type(image, "at")
    assert (caught.value.param, caught.value.reason) == ("at", "unsupported_value")


@pytest.mark.parametrize(
    "image", [b"", b"\x89PNG", b"<svg/>", b"<html>", b"RIFF\x10\x00\x00\x00WAVE", b"\xff\xd8"]
)
def test_what_is_no_image(image: bytes) -> None:
    with pytest.raises(InvalidRequest, match="PNG, JPEG and WebP work") as caught:
        image_type(image, "at")
    assert (caught.value.param, caught.value.reason) == ("at", "invalid_value")


@pytest.mark.parametrize(
    ("sound", "kind"),
    [
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "wav"),
        (b"ID3\x04", "mp3"),
        (b"\xff\xfb\x90", "mp3"),
        (b"\xff\xf3\x40", "mp3"),
        (b"\xff\xe2\x40", "mp3"),
    ],
)
def test_sounds(sound: bytes, kind: str) -> None:
    assert sound_format(sound, "at") == kind


@pytest.mark.parametrize(
    "sound",
    [b"", b"\xff", b"\xff\xd8\xff", b"\xff\xf1\x50", b"RIFF\x10\x00\x00\x00WEBP", b"OggS", b"fLaC"],
)
def test_what_is_no_sound(sound: bytes) -> None:
    """A JPEG and AAC begin nearly as an MP3 does."""
    with pytest.raises(InvalidRequest, match="neither WAV nor MP3") as caught:
        sound_format(sound, "at")
    assert (caught.value.param, caught.value.reason) == ("at", "invalid_value")
