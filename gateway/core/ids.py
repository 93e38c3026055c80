"""Random identifiers. Writers and services take one as an argument, so that tests can fix it."""

import os

__all__ = ["new_id"]


def new_id(prefix: str) -> str:
    """`prefix` and 24 hex digits, 96 random bits: `chatcmpl-…`, `call_…`, `req_…`."""
    return prefix + os.urandom(12).hex()
