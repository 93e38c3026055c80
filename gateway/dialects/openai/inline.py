"""Bytes that stand in a request as base64."""

import binascii

from gateway.core.errors import InvalidRequest
from gateway.core.media import MAX_MEDIA_BYTES

__all__ = ["data_of_uri", "decoded"]

# What base64 may look like after it was put into a query or a URI, both in one case and the other.
ESCAPES = {"%2B": "+", "%2F": "/", "%3D": "=", "%0A": "", "%0D": ""}
# RFC 4648, 5: the alphabet of URLs. Line breaks are MIME's, or those of the `base64` command.
TO_STANDARD = str.maketrans("-_", "+/", "\t\r\n\f\v")


def data_of_uri(uri: str, param: str) -> str:
    """What stands behind the comma of `data:image/png;base64,…` (RFC 2397), in any case."""
    head, comma, data = uri.partition(",")
    if not comma or head.rpartition(";")[2].strip().lower() != "base64":
        raise invalid("The data URI holds no base64, as data:image/png;base64,… does.", param)
    return data


def decoded(data: str, param: str) -> tuple[str, bytes]:
    """The base64 as Ollama takes it, standard and padded, and the bytes it stands for.

    What arrives so, as nearly all does, is given back as it is. Line breaks, percent-encoding, the
    alphabet of URLs and missing padding are mended: there is one way to read them.
    """
    try:
        decoded = binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        data = mended(data, param)
        try:
            decoded = binascii.a2b_base64(data, strict_mode=True)
        except ValueError:
            raise invalid("This is not valid base64.", param) from None
    if len(decoded) > MAX_MEDIA_BYTES:
        raise invalid(f"This is larger than {MAX_MEDIA_BYTES} bytes.", param)
    return data, decoded


def mended(data: str, param: str) -> str:
    """In passes that are linear whatever is sent, which a general percent-decoder's are not."""
    if "%" in data:
        for escape, character in ESCAPES.items():
            data = data.replace(escape, character).replace(escape.lower(), character)
    data = data.strip().translate(TO_STANDARD)
    if " " in data:
        raise invalid("This base64 holds blanks: was a '+' lost on its way?", param)
    digits = data.rstrip("=")
    return digits + "=" * (-len(digits) % 4)


def invalid(message: str, param: str) -> InvalidRequest:
    return InvalidRequest(message, param=param, reason="invalid_value")
