"""Folders of sessions, and what tests ask of them."""

import os
from collections.abc import Awaitable
from pathlib import Path

import pytest

__all__ = ["damaged", "names", "refused"]

LONG_AGO = 1_700_000_000


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def damaged(folder: Path, id: str, content: bytes = b'{"metadata": ') -> Path:
    """A file that has been no session for a long time."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{id}.json"
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


async def refused(*calls: Awaitable[object], error: type[Exception]) -> None:
    for call in calls:
        with pytest.raises(error):
            await call
