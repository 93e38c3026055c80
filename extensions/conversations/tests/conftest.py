"""What the tests of this package share."""

import pytest


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of the product itself."""
    return "asyncio", {"use_uvloop": True}
