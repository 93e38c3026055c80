"""What a prompt file can be called, on every system that a data folder may be carried to."""

import re
import unicodedata

__all__ = ["is_prompt_name"]

LONGEST = 120
LONGEST_ON_DISK = 200
"""Bytes: file systems have 255, and a temporary file beside it has a longer name."""

NAME = re.compile(r'[^/\\\x00-\x1f\x7f<>:"|?*.][^/\\\x00-\x1f\x7f<>:"|?*]*\.md')
# Windows sees a device in these whatever follows the first dot, and whatever blanks precede it.
DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³]) *\.", re.IGNORECASE)


def is_prompt_name(name: str) -> bool:
    """Whether a prompt file may have this name. It is one that means the same file everywhere:
    systems differ in how they compose accents, so only the composed form will do."""
    return (
        len(name) <= LONGEST
        and NAME.fullmatch(name) is not None
        and DEVICE.match(name) is None
        and unicodedata.is_normalized("NFC", name)
        and len(name.encode("utf-8", "replace")) <= LONGEST_ON_DISK
        and not any("\ud800" <= character <= "\udfff" for character in name)
    )
