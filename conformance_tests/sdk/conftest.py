"""The SDK's clients, set to forgive nothing."""

import pytest
from openai import AsyncOpenAI, OpenAI

from conformance_tests.sdk.watching import watched, watched_async
from conformance_tests.wire import Server


@pytest.fixture
def anyio_backend() -> str:
    """The SDK runs on asyncio."""
    return "asyncio"


@pytest.fixture
def client(server: Server) -> OpenAI:
    """Checks every answer against the types of the SDK, and asks once only."""
    return OpenAI(
        base_url=server.base_url,
        api_key=server.key or "unused",
        max_retries=0,
        timeout=server.timeout,
        http_client=watched(),
        _strict_response_validation=True,
    )


@pytest.fixture
def async_client(server: Server) -> AsyncOpenAI:
    return AsyncOpenAI(
        base_url=server.base_url,
        api_key=server.key or "unused",
        max_retries=0,
        timeout=server.timeout,
        http_client=watched_async(),
        _strict_response_validation=True,
    )
