"""Random identifiers. Writers and services take one as an argument, so that tests can fix it."""

import os

__all__ = ["new_id"]

SIZE = 12
POOL = 256

_pool = bytearray()


def new_id(prefix: str) -> str:
    """`prefix` and 24 hex digits, 96 random bits: `chatcmpl-…`, `call_…`, `req_…`.

    The bits come from the operating system, for some hundred ids at a time: a system call for each
    would cost more than all the rest of it.
    """
    if not _pool:
        _pool.extend(os.urandom(SIZE * POOL))
    bits = _pool[-SIZE:].hex()
    del _pool[-SIZE:]
    return prefix + bits
