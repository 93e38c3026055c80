"""Sounds of a request."""

from base64 import b64encode

import pytest

from gateway.core.errors import Invalid
from gateway.core.messages import AudioPart
from gateway.dialects.openai.sounds import read_sound

WAV = b64encode(b"RIFF\x10\x00\x00\x00WAVEfmt ").decode()
MP3 = b64encode(b"ID3\x04 rest").decode()


@pytest.mark.parametrize("data", [WAV, f"data:audio/wav;base64,{WAV}", WAV.rstrip("="), WAV + "\n"])
@pytest.mark.parametrize("claimed", ["wav", "WAV", "mp3"])
def test_the_bytes_say_what_it_is(data: str, claimed: str) -> None:
    assert read_sound(data, claimed, "at") == AudioPart(WAV, "wav")


def test_mp3() -> None:
    assert read_sound(MP3, "mp3", "at") == AudioPart(MP3, "mp3")


@pytest.mark.parametrize(
    ("data", "claimed", "param", "reason"),
    [
        (WAV, "flac", "at.format", "unsupported_value"),
        (WAV, "", "at.format", "unsupported_value"),
        ("@@@@", "wav", "at.data", "invalid_value"),
        ("", "wav", "at.data", "invalid_value"),
        ("AAAA", "wav", "at.data", "invalid_value"),
        ("data:audio/wav,x", "wav", "at.data", "invalid_value"),
        ("http://127.0.0.1/a.wav", "wav", "at.data", "invalid_value"),
    ],
)
def test_what_is_no_sound_is_refused(data: str, claimed: str, param: str, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_sound(data, claimed, "at")
    assert (caught.value.param, caught.value.reason) == (param, reason)
