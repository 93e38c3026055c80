"""Images in data URIs (RFC 2397), told by their first bytes rather than by what they claim."""

import binascii
import re

from gateway.core.errors import InvalidRequest, Unsupported
from gateway.core.messages import ImagePart

__all__ = ["MAX_IMAGE_BYTES", "read_image"]

MAX_IMAGE_BYTES = 10 * 1024 * 1024

DATA_URI = re.compile(r"data:[^,]*?;\s*base64\s*,", re.IGNORECASE)


def read_image(url: str, param: str) -> ImagePart:
    """The image of an `image_url`.

    Remote URLs are refused: fetching whatever a caller names would let it reach hosts that only the
    gateway can (server-side request forgery).
    """
    if not url[:5].lower() == "data:":
        raise Unsupported(
            "Only images in data URIs (data:image/png;base64,…) are accepted, not remote URLs.",
            param=param,
            reason="unsupported_value",
        )
    head = DATA_URI.match(url)
    if not head:
        raise invalid("The data URI holds no base64.", param)
    data = url[head.end() :]
    try:
        image = binascii.a2b_base64(data, strict_mode=True)
    except (binascii.Error, ValueError):
        raise invalid("The image is not valid base64.", param) from None
    if len(image) > MAX_IMAGE_BYTES:
        raise invalid(f"The image is larger than {MAX_IMAGE_BYTES} bytes.", param)
    return ImagePart(data, media_type(image, param))


def media_type(image: bytes, param: str) -> str:
    """The type that the magic bytes tell."""
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if image.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if image[:4] == b"RIFF" and image[8:12] == b"WEBP":
        return "image/webp"
    if image.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    raise invalid("The image is no PNG, JPEG, WebP or GIF.", param)


def invalid(message: str, param: str) -> InvalidRequest:
    return InvalidRequest(message, param=param, reason="invalid_value")
