"""Images and sounds, told by their first bytes rather than by what they claim."""

from gateway.core.errors import InvalidRequest, Unsupported

__all__ = ["MAX_MEDIA_BYTES", "image_type", "sound_format"]

MAX_MEDIA_BYTES = 10 * 1024 * 1024

# Models would not read these; their names make a clearer error. Where the magic is, and what it is.
OTHERS = (
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (4, b"ftypavi", "AVIF"),
    (4, b"ftyphei", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
)


def image_type(image: bytes, param: str) -> str:
    """`image/png`, `image/jpeg` or `image/webp`: what Ollama reads; anything else is refused."""
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if image.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if image[:4] == b"RIFF" and image[8:12] == b"WEBP":
        return "image/webp"
    for at, magic, name in OTHERS:
        if image.startswith(magic, at):
            raise Unsupported(
                f"The image is a {name}, which Ollama does not read; PNG, JPEG and WebP work.",
                param=param,
                reason="unsupported_value",
            )
    raise InvalidRequest(
        "What is sent as an image is none that Ollama reads: PNG, JPEG and WebP work.",
        param=param,
        reason="invalid_value",
    )


def sound_format(sound: bytes, param: str) -> str:
    """`wav` or `mp3`; anything else is refused."""
    if sound[:4] == b"RIFF" and sound[8:12] == b"WAVE":
        return "wav"
    if sound.startswith(b"ID3") or _is_mp3_frame(sound):
        return "mp3"
    raise InvalidRequest(
        "What is sent as a sound is neither WAV nor MP3, which work.",
        param=param,
        reason="invalid_value",
    )


def _is_mp3_frame(sound: bytes) -> bool:
    """Eleven bits of synchronisation, then any version of MPEG audio, layer III."""
    return len(sound) > 1 and sound[0] == 0xFF and sound[1] & 0xE6 == 0xE2
