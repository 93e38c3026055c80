"""Whom to judge, and what every check needs."""

import inspect
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import pytest

pytest.register_assert_rewrite(
    "conformance_tests.checks",
    "conformance_tests.mochi.sessions",
    "conformance_tests.options",
    "conformance_tests.responding",
)

from conformance_tests.judging.routes import route_wanted  # noqa: E402
from conformance_tests.launcher import Gateway, gateway_on_the_simulator  # noqa: E402
from conformance_tests.options import options_of  # noqa: E402
from conformance_tests.responding import Responses  # noqa: E402
from conformance_tests.wire import Server  # noqa: E402

NOBODY = "resp_000000000000000000000000"

collect_ignore = [] if find_spec("openai") else ["sdk"]

pytest_plugins = ["conformance_tests.options", "conformance_tests.judging.plugin"]


@dataclass(frozen=True)
class Models:
    """The models to ask. `None` where nobody named one that can."""

    chat: str
    tools: str
    thinking: str | None
    vision: str | None
    embedding: str | None
    insert: str | None
    slow: str
    """One that takes its time where that is known, else the first."""


SIMULATED = Models(
    "demo",
    "demo-tools",
    "demo-thinking",
    "demo-vision",
    "demo-embed",
    "demo-insert",
    "demo-slow",
)
"""Those of our own gateway on its simulator."""


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
        return SIMULATED
    chat = options.model or ""
    return Models(
        chat,
        options.tools_model or chat,
        options.thinking_model,
        options.vision_model,
        options.embedding_model,
        options.insert_model,
        chat,
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
    offers(pytestconfig, server, "POST", "/responses")
    return Responses(server)


@pytest.fixture(scope="session")
def stateful(responses: Responses, pytestconfig: pytest.Config) -> Responses:
    """The same, if what it has made can be read again."""
    offers(pytestconfig, responses.server, "GET", f"/responses/{NOBODY}")
    return responses


@pytest.fixture(scope="session")
def conversations(server: Server, pytestconfig: pytest.Config) -> Server:
    """The server, if it has `/conversations`."""
    offers(pytestconfig, server, "POST", "/conversations")
    return server


@pytest.fixture(scope="session")
def stored(server: Server, pytestconfig: pytest.Config) -> Server:
    """The server, if it keeps chat completions."""
    offers(pytestconfig, server, "GET", "/chat/completions")
    return server


def offers(config: pytest.Config, server: Server, method: str, path: str) -> None:
    """End what rests on a route that a foreign server does not have; of ours they are demanded."""
    if options_of(config).base_url:
        route_wanted(server, method, path)


@pytest.fixture(scope="session")
def discerning(server: Server) -> Server:
    """The server, if it looks at what it gets: else there is nothing in its not failing at it."""
    if server.chat(messages=5).status == 200:
        pytest.skip("the server answers whatever it is asked, so nothing is shown by that")
    return server


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
def embedding_model(models: Models, server: Server, pytestconfig: pytest.Config) -> str:
    offers(pytestconfig, server, "POST", "/embeddings")
    return models.embedding or pytest.skip("no --embedding-model given")


@pytest.fixture(scope="session")
def insert_model(models: Models, server: Server, pytestconfig: pytest.Config) -> str:
    offers(pytestconfig, server, "POST", "/completions")
    return models.insert or pytest.skip("no --insert-model given")


@pytest.fixture(scope="session")
def slow_model(models: Models) -> str:
    return models.slow
