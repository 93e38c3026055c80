"""What the tests of what extensions share have in common."""

import pytest


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of the product itself."""
    return "asyncio", {"use_uvloop": True}
