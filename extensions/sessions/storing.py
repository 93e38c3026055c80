"""Work with the files of a folder, whose failures are told as what they mean to a caller."""

import errno
import logging
from collections.abc import Callable
from typing import TypeVar

from extensions.sessions.files import Unsynced
from extensions.sessions.threads import to_the_end
from gateway.core.errors import StorageUnavailable

__all__ = ["stored"]

log = logging.getLogger("mochi.storage")

T = TypeVar("T")


async def stored(work: Callable[[], T], kept: str) -> T:
    """Do the work in a thread, to its end; `kept` says in the plural what the folder is of.

    `StorageUnavailable` for what the operating system refuses, with its word for it as `reason`,
    and `"done": true` if it is done and only a loss of power may undo it.
    """
    try:
        return await to_the_end(work)
    except OSError as error:
        log.warning("The folder of %s cannot be used: %s", kept, error)
        reason = errno.errorcode.get(error.errno or 0, "EIO")
        done = {"done": True} if isinstance(error, Unsynced) else {}
        raise StorageUnavailable(
            f"The folder of {kept} cannot be used: {error.strerror or error}.",
            reason=reason,
            **done,
        ) from error
