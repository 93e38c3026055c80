"""What took part in a run, in which version."""

import platform
from contextlib import suppress
from http.client import HTTPException
from importlib.metadata import PackageNotFoundError, version

from conformance_tests.options import Options
from conformance_tests.wire import Server

__all__ = ["versions"]


def versions(options: Options) -> dict[str, str]:
    """Of Python, pytest and openai, and what the server says it is."""
    found = {"python": platform.python_version()}
    packages = ["pytest", "openai"] if options.base_url else ["pytest", "openai", "mochi-gateway"]
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    if options.base_url:
        with suppress(OSError, HTTPException):
            server = Server(options.base_url, key=options.api_key, timeout=5)
            said = server.get("/models").headers.get("server")
            found |= {"server": said} if said else {}
    return found
