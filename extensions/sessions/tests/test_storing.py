"""What a failing disk means to a caller."""

import errno
import os
from collections.abc import Callable

import pytest

from extensions.sessions.files import Unsynced
from extensions.sessions.storing import stored
from gateway.core.errors import SessionNotFound, StorageUnavailable


def failing(error: Exception) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


async def test_what_is_done_is_returned_and_domain_errors_pass() -> None:
    assert await stored(lambda: 5, "things") == 5
    with pytest.raises(SessionNotFound):
        await stored(failing(SessionNotFound("a")), "things")


@pytest.mark.parametrize(
    ("error", "details"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), {"reason": "ENOSPC"}),
        (Unsynced(errno.EIO, os.strerror(errno.EIO)), {"reason": "EIO", "done": True}),
        (OSError("nobody knows"), {"reason": "EIO"}),
    ],
)
async def test_a_refusal_of_the_system_says_why_and_whether_it_is_done(
    error: OSError, details: dict[str, object]
) -> None:
    with pytest.raises(StorageUnavailable, match="The folder of things cannot be used") as caught:
        await stored(failing(error), "things")
    assert caught.value.details == details
