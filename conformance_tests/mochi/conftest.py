"""The gateway without the `/v1` of its base URL, and gateways with settings of their own."""

from collections.abc import Iterator

import pytest

from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.standin import StandIn
from conformance_tests.wire import Server


@pytest.fixture(scope="session")
def root(gateway: Gateway) -> Server:
    """Paths start at the root here: `/health`, `/v1/models`."""
    return Server(gateway.root, "demo")


@pytest.fixture(scope="session")
def standin(gateway: Gateway) -> Iterator[StandIn]:
    """An Ollama whose every request can be watched from outside."""
    with StandIn() as ollama:
        yield ollama


@pytest.fixture(scope="session")
def watched(standin: StandIn) -> Iterator[Server]:
    """The `/v1` of a gateway in front of the stand-in."""
    with gateway_alone(standin.url) as running:
        yield Server(running.root + "/v1", "talk", timeout=10)
