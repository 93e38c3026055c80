"""What `mochi` can do: one command a file, each imported when it is called.

A command has `run(arguments) -> int`, which gives the exit status.
"""

import os
import socket
from collections.abc import Mapping
from typing import TextIO

__all__ = ["CommandFailed", "animated", "cannot_listen"]


class CommandFailed(Exception):
    """One line for standard error, and the exit status: 2 for bad settings, else 1."""

    def __init__(self, line: str, status: int = 1) -> None:
        super().__init__(line)
        self.status = status


def animated(output: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether escape sequences do what they should there (https://no-color.org)."""
    return output.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def cannot_listen(host: str, port: int, error: OSError) -> CommandFailed:
    """Why, and what to do. Not by `strerror`, to which asyncio adds the address once more."""
    if isinstance(error, socket.gaierror):
        return CommandFailed(f"Cannot listen on {host}:{port}: {error.strerror}.")
    why = os.strerror(error.errno or 0)
    return CommandFailed(f"Cannot listen on {host}:{port}: {why}. Try another --port.")
