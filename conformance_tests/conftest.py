"""Whom to judge, and what every check needs."""

import inspect
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

pytest.register_assert_rewrite("conformance_tests.checks")

from conformance_tests.launcher import (  # noqa: E402
    DoesNotAnswer,
    Gateway,
    gateway_on_the_simulator,
)
from conformance_tests.wire import Server  # noqa: E402


@dataclass(frozen=True)
class Models:
    """The models to ask. `None` where nobody named one that can."""

    chat: str
    tools: str
    thinking: str | None
    vision: str | None


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "judging an OpenAI-compatible server")
    group.addoption("--base-url", help="the server, with its /v1; default: our own gateway")
    group.addoption("--model", help="the model to ask on that server")
    group.addoption("--api-key", help="its key")
    group.addoption("--tools-model", help="a model that calls tools; default: that of --model")
    group.addoption("--thinking-model", help="a model that thinks; without it nothing is checked")
    group.addoption("--vision-model", help="a model that sees; without it nothing is checked")
    group.addoption("--patience", type=float, help="seconds to wait for one answer; default: 60")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "soak: a thousand requests; takes up to half a minute")
    if config.getoption("--base-url") and not config.getoption("--model"):
        raise pytest.UsageError("--base-url needs --model: which model should it be asked for?")


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
    if pytestconfig.getoption("--base-url"):
        pytest.skip("this is asked of mochi gateway only")
    with ExitStack() as stack:
        try:
            running = stack.enter_context(gateway_on_the_simulator())
        except DoesNotAnswer as failure:
            pytest.exit(str(failure), returncode=3)
        yield running


@pytest.fixture(scope="session")
def models(pytestconfig: pytest.Config) -> Models:
    option = pytestconfig.getoption
    if not option("--base-url"):
        return Models("demo", "demo-tools", "demo-thinking", "demo-vision")
    tools = option("--tools-model") or option("--model")
    return Models(option("--model"), tools, option("--thinking-model"), option("--vision-model"))


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, pytestconfig: pytest.Config, models: Models) -> Server:
    """The server to judge."""
    option = pytestconfig.getoption
    base_url = option("--base-url") or request.getfixturevalue("gateway").root + "/v1"
    return Server(base_url, models.chat, option("--api-key"), option("--patience") or 60)


@pytest.fixture(scope="session")
def tools_model(models: Models) -> str:
    return models.tools


@pytest.fixture(scope="session")
def thinking_model(models: Models) -> str:
    return models.thinking or pytest.skip("no --thinking-model given")


@pytest.fixture(scope="session")
def vision_model(models: Models) -> str:
    return models.vision or pytest.skip("no --vision-model given")
