"""What is tested here is the suite, with a server of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance_tests.options import options_of
from conformance_tests.tests.broken.server import broken_server


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Whoever names a server wants to know about that one."""
    return True if options_of(config).base_url else None


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    """Where the broken server listens."""
    with broken_server() as port:
        yield port
