"""The health of the gateway, its models, and how a session stands."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from extensions.sessions.memory_store import MemorySessionStore
from extensions.sessions.service import Sessions
from extensions.sessions.session import (
    AgentSettings,
    Session,
    Summary,
    SystemMessage,
    ToolSettings,
    UserMessage,
    WindowConfig,
)
from extensions.status import routes, session
from extensions.status.routes import About, StatusExtension
from extensions.tests.serving import refusal, serving
from extensions.tests.toolbox import AsyncTool, Box
from extensions.tools.tool import Toolbox, Tools
from gateway.core.errors import (
    BackendFailed,
    BackendUnreachable,
    InvalidRequest,
    ModelNotFound,
    ToolsUnavailable,
)
from gateway.core.models import ModelCard, ModelDetails
from gateway.testing import ScriptedBackend

ABOUT = About(ollama_host="http://box:11434", version="1.2.3")
NOTHING = Box()
NOW = "2026-03-04T05:06:07.000890"


class Away(ScriptedBackend):
    async def version(self) -> str:
        raise BackendUnreachable("Nobody listens.")

    async def models(self) -> list[ModelCard]:
        raise BackendUnreachable("Nobody listens.")

    async def show(self, model: str) -> ModelDetails:
        raise BackendUnreachable("Nobody listens.")


class Silent(ScriptedBackend):
    async def version(self) -> str:
        await asyncio.sleep(60)
        return "never"

    async def show(self, model: str) -> ModelDetails:
        await asyncio.sleep(60)
        raise AssertionError("never")


class Library(ScriptedBackend):
    """Some models, by what is said of each; an exception is what asking about it ends in."""

    def __init__(self, details: Mapping[str, ModelDetails | Exception]) -> None:
        super().__init__()
        self._details = details
        self.asking = self.most_at_once = 0

    async def models(self) -> list[ModelCard]:
        modified = datetime(2026, 1, 2, tzinfo=UTC)
        return [
            ModelCard(name=name, modified_at=modified, size=5_000_000) for name in self._details
        ]

    async def show(self, model: str) -> ModelDetails:
        self.asking += 1
        self.most_at_once = max(self.most_at_once, self.asking)
        await asyncio.sleep(0.001)
        self.asking -= 1
        details = self._details.get(model) or self._details.get(f"{model}:latest")
        if details is None:
            raise ModelNotFound(model)
        if isinstance(details, Exception):
            raise details
        return details


def chatting(name: str) -> ModelDetails:
    return ModelDetails(name=name, capabilities=frozenset({"completion"}))


async def ask(
    backend: ScriptedBackend,
    path: str,
    sessions: Sessions | None = None,
    about: About = ABOUT,
    toolbox: Toolbox = NOTHING,
) -> Any:
    sessions = sessions or Sessions(MemorySessionStore())
    extension = StatusExtension(backend, sessions, toolbox, about)
    async with serving(backend, extension) as http:
        return await http.get(path)


async def test_a_running_ollama() -> None:
    answer = await ask(ScriptedBackend(), "/health")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "status": "ok",
            "ollama_connected": True,
            "ollama_host": "http://box:11434",
            "version": "1.2.3",
        },
    )


@pytest.mark.parametrize("backend", [Away(), Silent()])
async def test_a_missing_ollama_does_not_change_the_status(
    backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "PROBE_SECONDS", 0.05)
    answer = await ask(backend, "/health")
    assert (answer.status_code, answer.json()["ollama_connected"]) == (200, False)


async def test_the_models_that_can_chat() -> None:
    whole = ModelDetails(
        name="whole:7b",
        capabilities=frozenset({"tools", "completion"}),
        context_length=131072,
        family="llama",
        parameter_size="7B",
        quantization="Q4_K_M",
        format="gguf",
    )
    backend = Library(
        {
            "whole:7b": whole,
            "broken:latest": BackendFailed("It broke."),
            "embed:latest": ModelDetails(
                name="embed:latest", capabilities=frozenset({"embedding"})
            ),
            "old:latest": ModelDetails(name="old:latest", capabilities=None),
        }
    )
    assert (await ask(backend, "/models")).json() == {
        "models": [
            {
                "name": "whole:7b",
                "size_mb": 4.8,
                "format": "gguf",
                "family": "llama",
                "parameter_size": "7B",
                "quantization_level": "Q4_K_M",
                "capabilities": ["completion", "tools"],
                "context_length": 131072,
            },
            {
                "name": "old:latest",
                "size_mb": 4.8,
                "format": "unknown",
                "family": "unknown",
                "parameter_size": "unknown",
                "quantization_level": "unknown",
                "capabilities": ["completion"],
                "context_length": 2048,
            },
        ]
    }


async def test_models_are_asked_eight_at_a_time_and_keep_their_order() -> None:
    names = [f"m{number}:latest" for number in range(30)]
    backend = Library({name: chatting(name) for name in names})
    models = (await ask(backend, "/models")).json()["models"]
    assert [model["name"] for model in models] == names
    assert backend.most_at_once == 8


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("hf.co/a/b:Q4", "hf.co/a/b:Q4"),
        ("hf.co%2Fa%2Fb:Q4", "hf.co/a/b:Q4"),
        ("demo", "demo:latest"),
    ],
)
async def test_a_model_by_its_name(asked: str, found: str) -> None:
    embedding = ModelDetails(name="hf.co/a/b:Q4", capabilities=frozenset({"embedding"}))
    backend = Library({"hf.co/a/b:Q4": embedding, "demo:latest": chatting("demo:latest")})
    answer = await ask(backend, f"/models/{asked}")
    assert (answer.status_code, answer.json()["name"]) == (200, found)
    assert answer.json()["size_mb"] == 4.8


async def test_models_that_cannot_be_told() -> None:
    missing = await ask(ScriptedBackend(), "/models/no/where:1b")
    assert refusal(missing) == (404, "MODEL_NOT_FOUND", {"model": "no/where:1b"})
    impossible = Library({"a b": InvalidRequest("invalid model name", param="model")})
    assert refusal(await ask(impossible, "/models/a b"))[:2] == (404, "MODEL_NOT_FOUND")
    for path in ("/models", "/models/demo"):
        assert refusal(await ask(Away(), path))[:2] == (502, "OLLAMA_UNREACHABLE")


async def kept(**more: Any) -> Sessions:
    sessions = Sessions(MemorySessionStore())
    made = Session(id="0f1e2d3c4b", model="demo", created_at=NOW, updated_at=NOW, **more)
    await sessions.create(made)
    return sessions


async def test_a_session_that_uses_everything() -> None:
    sessions = await kept(
        messages=(
            SystemMessage(id="s", timestamp=NOW, content="Short.", source_file="a.md"),
            UserMessage(id="u", timestamp=NOW, content="Hello"),
        ),
        tool_settings=ToolSettings(tools=("add",), execution_policy="never_confirm"),
        agent_settings=AgentSettings(enabled_agents=("scribe",)),
        window=WindowConfig(
            current_window=8192, last_adjustment="initial_setup", manual_override=True
        ),
        summary=Summary("Greetings.", ("hello",)),
        summary_model="other",
    )
    details = ModelDetails(name="demo", capabilities=frozenset(), context_length=131072)
    answer = await ask(Library({"demo": details}), "/sessions/0f1e2d3c4b/status", sessions)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "session_id": "0f1e2d3c4b",
            "model": "demo",
            "message_count": 2,
            "context_window": {
                "dynamic_enabled": True,
                "current_window": 8192,
                "model_max_context": 131072,
                "last_adjustment_reason": "initial_setup",
                "manual_override": True,
            },
            "tools_enabled": True,
            "active_tools": ["add"],
            "execution_policy": "never_confirm",
            "agents_enabled": True,
            "enabled_agents": ["scribe"],
            "system_prompt_file": "a.md",
            "summary": {"summary": "Greetings.", "topics": ["hello"]},
            "summary_model": "other",
        },
    )


@pytest.mark.parametrize("backend", [Away(), Silent(), ScriptedBackend(models=["other"])])
async def test_a_session_that_uses_nothing_stands_without_ollama_too(
    backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PATIENCE", 0.05)
    sessions = await kept(tool_settings=ToolSettings(execution_policy="confirm_destructive"))
    answer = await ask(backend, "/sessions/0f1e2d3c4b/status", sessions)
    status = answer.json()
    assert answer.status_code == 200
    assert set(status["context_window"].values()) == {True, None, False}
    assert status["execution_policy"] == "always_confirm"
    assert (status["tools_enabled"], status["agents_enabled"]) == (False, False)
    nothing = ("system_prompt_file", "summary", "summary_model")
    assert [status[name] for name in nothing] == [None, None, None]


async def test_the_setting_of_the_gateway_counts_too() -> None:
    off = About(ollama_host="", version="", dynamic_window=False)
    answer = await ask(ScriptedBackend(), "/sessions/0f1e2d3c4b/status", await kept(), off)
    assert answer.json()["context_window"]["dynamic_enabled"] is False


async def test_the_status_of_no_session() -> None:
    answer = await ask(ScriptedBackend(), "/sessions/0000000000/status")
    assert refusal(answer)[:2] == (404, "SESSION_NOT_FOUND")


async def nothing() -> str:
    return ""


CALCULATOR = Box(AsyncTool("add", nothing), AsyncTool("div", nothing), maths=("add", "div"))


class Broken:
    """A box that cannot be opened."""

    async def active(self, settings: ToolSettings) -> Tools:
        raise ToolsUnavailable("No tools today.")


@pytest.mark.parametrize(
    ("settings", "toolbox", "active"),
    [
        (ToolSettings(tools=("gone", "add")), CALCULATOR, ["gone", "add"]),
        (ToolSettings(tools=("add",), tool_group="maths"), CALCULATOR, ["add", "div"]),
        (ToolSettings(tools=("div", "gone"), tool_group="no"), CALCULATOR, ["div"]),
        (ToolSettings(tools=("add",), tool_group="maths"), Broken(), ["add"]),
        (ToolSettings(tools=("add",)), Broken(), ["add"]),
        (ToolSettings(), Broken(), []),
    ],
)
async def test_the_tools_are_those_of_the_group_if_there_is_one(
    settings: ToolSettings, toolbox: Toolbox, active: list[str]
) -> None:
    sessions = await kept(tool_settings=settings)
    path = "/sessions/0f1e2d3c4b/status"
    status = (await ask(ScriptedBackend(), path, sessions, toolbox=toolbox)).json()
    assert (status["active_tools"], status["tools_enabled"]) == (active, bool(active))
