"""What `mochi` can do: one command a file, each imported when it is called.

A command has `run(arguments) -> int`, which gives the exit status.
"""

__all__ = ["CommandFailed"]


class CommandFailed(Exception):
    """One line for standard error, and the exit status: 2 for bad settings, else 1."""

    def __init__(self, line: str, status: int = 1) -> None:
        super().__init__(line)
        self.status = status
