"""The summaries that were still to be made when the gateway ended."""

import logging
from collections.abc import Sequence
from pathlib import Path

from extensions.sessions.ids import is_id

__all__ = ["Backlog"]

NAME = ".summaries-due"

log = logging.getLogger("mochi.summaries")


class Backlog:
    """Ids of sessions, a line each, in a file of the sessions' folder. Failures are logged only."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def put(self, ids: Sequence[str]) -> None:
        """Keep these in the place of others; none of them is no file."""
        try:
            if ids:
                self._path.write_text("".join(f"{id}\n" for id in ids), "ascii")
            else:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("What is still to be summarised cannot be noted: %s", error)

    def take(self) -> list[str]:
        """What was kept, which is forgotten."""
        try:
            ids = self._path.read_text("ascii", "replace").split()
            self._path.unlink()
        except FileNotFoundError:
            return []
        except OSError as error:
            log.warning("What is still to be summarised cannot be read: %s", error)
            return []
        return [id for id in ids if is_id(id)]
