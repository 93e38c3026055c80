"""The gateway without the `/v1` of its base URL, and gateways with settings of their own."""

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite(
    "conformance_tests.mochi.agentboxes",
    "conformance_tests.mochi.toolboxes",
)

from conformance_tests.launcher import Gateway, gateway_alone  # noqa: E402
from conformance_tests.mochi.agentboxes import AgentBox, agentbox, put_agent, skill  # noqa: E402
from conformance_tests.mochi.caller import Caller  # noqa: E402
from conformance_tests.mochi.sessions import Sessions  # noqa: E402
from conformance_tests.mochi.standin import StandIn  # noqa: E402
from conformance_tests.mochi.toolboxes import BENCH, Toolbox, put_package, toolbox  # noqa: E402
from conformance_tests.wire import Server  # noqa: E402


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


@pytest.fixture(scope="session")
def sessions(gateway: Gateway) -> Sessions:
    """The sessions of the gateway on the simulator."""
    return Sessions(gateway)


@pytest.fixture(scope="session")
def watched_sessions(standin: StandIn) -> Iterator[Sessions]:
    """The sessions of a gateway in front of the stand-in."""
    with gateway_alone(standin.url) as running:
        yield Sessions(running, "talk", timeout=10)


@pytest.fixture(scope="session")
def stranded(gateway: Gateway) -> Iterator[Sessions]:
    """The sessions of a gateway whose Ollama is not there."""
    with gateway_alone("http://127.0.0.1:1") as running:
        yield Sessions(running, timeout=10)


@pytest.fixture
def talked(sessions: Sessions) -> str:
    """A session of a system prompt and two turns."""
    id = sessions.begin(system_prompt="Be brief.")
    for word in ("one", "two"):
        assert sessions.say(id, f"Say {word}.").status == 200
    return id


@pytest.fixture(scope="session")
def caller(gateway: Gateway) -> Iterator[Caller]:
    """A model that calls the tools that it is told to."""
    with Caller() as ollama:
        yield ollama


@pytest.fixture(scope="session")
def bench(caller: Caller, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toolbox]:
    """A gateway with tools that behave, unless one asks them not to."""
    tools = tmp_path_factory.mktemp("tools")
    put_package(tools, "bench", BENCH)
    with toolbox(caller, tools) as box:
        yield box


@pytest.fixture(scope="session")
def desk(caller: Caller, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentBox]:
    """A gateway with two agents that behave, and some folders that are none."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "agents").mkdir()
    unasked = "jot: never_confirm, fail: never_confirm"
    put_agent(folder / "agents", "scribe", skill(tool_policies=unasked))
    put_agent(folder / "agents", "clerk", skill("Files things: all of them.", "You are a clerk."))
    with agentbox(caller, folder) as box:
        yield box
