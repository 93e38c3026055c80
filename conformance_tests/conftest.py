"""Whom to judge, and what every check needs."""

import inspect
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import pytest

pytest.register_assert_rewrite(
    "conformance_tests.checks", "conformance_tests.options", "conformance_tests.responding"
)

from conformance_tests.launcher import Gateway, gateway_on_the_simulator  # noqa: E402
from conformance_tests.options import options_of  # noqa: E402
from conformance_tests.responding import Responses  # noqa: E402
from conformance_tests.wire import Server  # noqa: E402

pytest_plugins = ["conformance_tests.options", "conformance_tests.judging.plugin"]


@dataclass(frozen=True)
class Models:
    """The models to ask. `None` where nobody named one that can."""

    chat: str
    tools: str
    thinking: str | None
    vision: str | None
    embedding: str | None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a failure stands the fact that the check rests on: its docstring."""
    report = yield
    fact = inspect.getdoc(getattr(item, "function", None))
    if report.failed and fact:
        report.sections.append(("What the check rests on", fact))
    return report


@pytest.fixture(scope="session")
def gateway(pytestconfig: pytest.Config) -> Iterator[Gateway]:
    """Our own gateway on its simulator. What asks for it is not asked of other servers."""
    if options_of(pytestconfig).base_url:
        pytest.skip("this is asked of mochi gateway only")
    with gateway_on_the_simulator() as running:
        yield running


@pytest.fixture(scope="session")
def models(pytestconfig: pytest.Config) -> Models:
    options = options_of(pytestconfig)
    if not options.base_url:
        return Models("demo", "demo-tools", "demo-thinking", "demo-vision", "demo-embed")
    chat = options.model or ""
    tools = options.tools_model or chat
    return Models(
        chat, tools, options.thinking_model, options.vision_model, options.embedding_model
    )


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config, models: Models) -> Server:
    """The server to judge."""
    options = options_of(pytestconfig)
    base_url = options.base_url or request.getfixturevalue("gateway").root + "/v1"
    return Server(base_url, models.chat, options.api_key, options.patience or 60)


@pytest.fixture(scope="session")
def responses(server: Server, pytestconfig: pytest.Config) -> Responses:
    """Its `/responses`. A foreign server may do without; of ours they are demanded."""
    foreign(pytestconfig, server, "POST", "/responses")
    return Responses(server)


@pytest.fixture(scope="session")
def conversations(server: Server, pytestconfig: pytest.Config) -> Server:
    """The server, if it has `/conversations`."""
    foreign(pytestconfig, server, "POST", "/conversations")
    return server


@pytest.fixture(scope="session")
def stored(server: Server, pytestconfig: pytest.Config) -> Server:
    """The server, if it keeps chat completions."""
    foreign(pytestconfig, server, "GET", "/chat/completions")
    return server


def foreign(config: pytest.Config, server: Server, method: str, path: str) -> None:
    """Skip what rests on a route that a foreign server does not have."""
    if options_of(config).base_url:
        body: dict[str, str] | None = {} if method == "POST" else None
        if server.request(method, path, body).status in (404, 405, 501):
            pytest.skip(f"this server has no {method} {path}")


@pytest.fixture(scope="session")
def tools_model(models: Models) -> str:
    return models.tools


@pytest.fixture(scope="session")
def thinking_model(models: Models) -> str:
    return models.thinking or pytest.skip("no --thinking-model given")


@pytest.fixture(scope="session")
def vision_model(models: Models) -> str:
    return models.vision or pytest.skip("no --vision-model given")


@pytest.fixture(scope="session")
def embedding_model(models: Models) -> str:
    return models.embedding or pytest.skip("no --embedding-model given")
