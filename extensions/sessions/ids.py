"""Which texts can be ids of sessions: any other is an unknown id, and never part of a path."""

import re

__all__ = ["is_id"]

# mochi-coco opens any file; the devices of Windows (`CON.json`) are no files anywhere.
ID = re.compile(r"(?!(?:con|prn|aux|nul|com\d|lpt\d)\Z)[a-z0-9_-]{1,64}", re.ASCII | re.IGNORECASE)


def is_id(text: str) -> bool:
    return ID.fullmatch(text) is not None
