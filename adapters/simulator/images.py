"""What can be said of an image from its first bytes."""

import struct

__all__ = ["described"]

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def described(data: bytes) -> str:
    """`a PNG image of 640 by 480 pixels`, or how many bytes it is when nothing is recognised."""
    kind, size = _recognised(data)
    if size:
        return f"a {kind} image of {size[0]} by {size[1]} pixels"
    return f"a {kind} image" if kind else f"{len(data)} bytes that are no image I know"


def _recognised(data: bytes) -> tuple[str, tuple[int, int] | None]:
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return "PNG", struct.unpack(">II", data[16:24])
        if data.startswith((b"GIF87a", b"GIF89a")):
            return "GIF", struct.unpack("<HH", data[6:10])
        if data.startswith(b"\xff\xd8"):
            return "JPEG", _jpeg_size(data)
    except struct.error:
        return "damaged", None
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP", None
    return "", None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker, length = (
            data[position + 1],
            int.from_bytes(data[position + 2 : position + 4], "big"),
        )
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        position += 2 + max(length, 2)
    return None
