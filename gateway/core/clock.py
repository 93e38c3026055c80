"""The time. Writers and services take it as an argument, so that tests can fix it."""

import time

__all__ = ["unix_now"]


def unix_now() -> int:
    """Whole seconds since 1970, as OpenAI's `created` counts them."""
    return int(time.time())
