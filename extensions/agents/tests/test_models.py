"""Agents among the models of a backend."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from extensions.agents.models import AgentModels
from extensions.agents.tests.folders import agent, agents_in
from extensions.agents.tests.jotting import Jotting, agents_of
from extensions.chat.tests.talking import Rounds, Script, calls, said
from extensions.tools.service import FolderTools
from gateway.core.backend import Backend
from gateway.core.errors import (
    AgentInvalid,
    BackendFailed,
    InvalidRequest,
    MochiError,
    ModelNotFound,
    ToolsUnavailable,
    Unsupported,
)
from gateway.core.messages import UserMessage, text
from gateway.core.models import ModelCard, ModelDetails
from gateway.core.replies import Reply, collect
from gateway.core.requests import ChatRequest, CompletionRequest, EmbedRequest
from gateway.testing import ScriptedBackend

WORK = (said("Jot."), calls(("jot", {"text": "4 March"})), said("Done."))

ON_BIG = """\
---
description: Keeps notes.
model: big
tool_policies: jot: never_confirm
---
"""


class Shelf(Rounds):
    """A backend that knows how long its models' memories are."""

    async def models(self) -> list[ModelCard]:
        tools = frozenset(["completion", "tools"])
        return [
            replace(card, context_length=4096 + number, capabilities=tools)
            for number, card in enumerate(await super().models())
        ]


class Unknowing(Rounds):
    """A backend that is no true Ollama."""

    async def show(self, model: str) -> ModelDetails:
        raise BackendFailed("Ollama answered with status 404.")


def with_agents(backend: Backend, folder: Path, default_model: str | None = "demo") -> AgentModels:
    agents = agents_of(folder, Jotting(folder))
    return AgentModels(backend, agents, default_model=default_model, most=50)


def shelf(*rounds: Script, models: Sequence[str] = ("demo:latest", "big:latest")) -> Shelf:
    return Shelf(*(rounds or WORK), models=models)


def asking(model: str = "agent/scribe") -> ChatRequest:
    return ChatRequest(model=model, messages=(UserMessage(text("Note the 4th")),))


async def answered(models: AgentModels, model: str = "agent/scribe") -> Reply:
    return await collect(models.chat(asking(model)))


async def refused(models: AgentModels, model: str = "agent/scribe") -> MochiError:
    with pytest.raises(MochiError) as raised:
        await answered(models, model)
    return raised.value


async def test_agents_stand_behind_the_models(tmp_path: Path) -> None:
    own = agent(tmp_path)
    agent(tmp_path, "painter", skill=ON_BIG)
    agent(tmp_path, "broken", skill="Nothing.")
    agent(tmp_path, "no name for a model")
    models = with_agents(shelf(), tmp_path)
    cards = await models.models()
    names = [card.name for card in cards]
    assert names == ["demo:latest", "big:latest", "agent/painter", "agent/scribe"]
    assert [card.context_length for card in cards[2:]] == [4097, 4096]
    assert [card.capabilities for card in cards[2:]] == [cards[0].capabilities] * 2
    written = datetime.fromtimestamp((own / "SKILL.md").stat().st_mtime, UTC)
    assert cards[3].modified_at == written
    assert await models.models() == cards


async def test_without_agents_nothing_is_added_and_no_process_started(tmp_path: Path) -> None:
    functions = FolderTools(tmp_path / "none", apart=True)
    agents = agents_of(tmp_path / "none", functions)
    models = AgentModels(shelf(), agents, default_model=None, most=50)
    assert [card.name for card in await models.models()] == ["demo:latest", "big:latest"]
    with pytest.raises(ModelNotFound):
        await models.show("agent/scribe")
    assert functions._hosts._all == []


async def test_another_models_answer_is_the_backends_own(tmp_path: Path) -> None:
    backend = ScriptedBackend(said("Hello")[0])
    answer = backend.chat(asking("demo"))
    backend.chat = lambda request: answer  # type: ignore[method-assign]
    agents = agents_in(tmp_path)
    await agents.aclose()  # whoever looks for agents now, fails
    models = AgentModels(backend, agents, default_model=None, most=50)
    assert models.chat(asking("demo")) is answer
    assert (await models.show("demo")).name == "demo"
    await answer.aclose()


async def test_an_agent_answers(tmp_path: Path) -> None:
    agent(tmp_path, skill=ON_BIG)
    backend = shelf(*WORK, *WORK)
    models = with_agents(backend, tmp_path)
    for model in ("agent/scribe", "agent/scribe:latest"):
        reply = await answered(models, model)
        assert "Tool result (jot): stored" in reply.message.thinking
        assert reply.message.content == text("Done.")
    assert {request.model for request in backend.requests} == {"big"}


async def test_show_tells_of_the_model_behind(tmp_path: Path) -> None:
    agent(tmp_path)
    models = with_agents(shelf(), tmp_path)
    details = await models.show("agent/scribe")
    assert details.name == "agent/scribe"
    assert details.capabilities == frozenset(["completion", "tools"])


@pytest.mark.parametrize("skill", [None, ON_BIG])
async def test_an_agent_runs_on_the_default_if_its_own_model_is_not_here(
    tmp_path: Path, skill: str | None
) -> None:
    agent(tmp_path, **({"skill": skill} if skill else {}))
    backend = shelf(models=("demo:latest",))
    models = with_agents(backend, tmp_path)
    await answered(models)
    assert {request.model for request in backend.requests} == {"demo"}


@pytest.mark.parametrize(("skill", "lost"), [(None, "no model"), (ON_BIG, "'big', which is not")])
async def test_without_any_model_the_setting_is_named(
    tmp_path: Path, skill: str | None, lost: str
) -> None:
    agent(tmp_path, **({"skill": skill} if skill else {}))
    models = with_agents(shelf(models=("demo:latest",)), tmp_path, None)
    error = await refused(models)
    assert isinstance(error, InvalidRequest)
    assert error.param == "model"
    assert lost in error.message
    assert "MOCHI_DEFAULT_MODEL" in error.message
    listed = (await models.models())[-1]
    assert (listed.name, listed.capabilities) == ("agent/scribe", None)


async def test_a_default_that_is_not_here_is_named(tmp_path: Path) -> None:
    agent(tmp_path)
    models = with_agents(shelf(), tmp_path, "gone")
    error = await refused(models)
    assert isinstance(error, ModelNotFound)
    assert "'agent/scribe' stands for 'gone'" in error.message


async def test_a_model_that_cannot_call_tools_is_refused_before_it_plans(tmp_path: Path) -> None:
    agent(tmp_path)
    backend = ScriptedBackend(capabilities=("completion",))
    models = with_agents(backend, tmp_path)
    error = await refused(models)
    assert isinstance(error, Unsupported)
    assert "'demo', which cannot call tools" in error.message
    assert backend.requests == []


async def test_what_a_model_can_do_need_not_be_known(tmp_path: Path) -> None:
    agent(tmp_path, skill=ON_BIG)
    backend = Unknowing(*WORK)
    models = with_agents(backend, tmp_path)
    await answered(models)
    assert {request.model for request in backend.requests} == {"big"}


async def test_an_agent_that_is_not_valid_says_so(tmp_path: Path) -> None:
    agent(tmp_path, "broken", skill="Nothing.")
    models = with_agents(shelf(), tmp_path)
    assert isinstance(await refused(models, "agent/broken"), AgentInvalid)


async def test_a_model_whose_name_is_like_an_agents_is_a_model(tmp_path: Path) -> None:
    agent(tmp_path)
    names = ("demo", "my/agent/scribe", "agent/other", "agent/scribe")
    backend = shelf(said("I am a model."), models=names)
    models = with_agents(backend, tmp_path)
    reply = await answered(models, "agent/other")
    assert reply.message.content == text("I am a model.")
    assert backend.requests[0].model == "agent/other"
    assert (await models.show("agent/other")).name == "agent/other"
    completion = CompletionRequest(model="agent/other", prompt="I")
    assert (await collect(models.complete(completion))).reason == "stop"
    assert (await models.embed(EmbedRequest(model="agent/other", inputs=("I",)))).vectors
    listed = [card.name for card in await models.models()]
    assert listed == ["demo", "my/agent/scribe", "agent/other", "agent/scribe"]
    reply = await answered(models, "my/agent/scribe")
    assert reply.message.content == text("I am a model.")


async def test_agents_neither_complete_nor_embed(tmp_path: Path) -> None:
    agent(tmp_path)
    backend = shelf()
    models = with_agents(backend, tmp_path)
    with pytest.raises(Unsupported, match="is an agent"):
        await collect(models.complete(CompletionRequest(model="agent/scribe", prompt="I")))
    with pytest.raises(Unsupported, match="is an agent") as raised:
        await models.embed(EmbedRequest(model="agent/scribe", inputs=("I",)))
    assert raised.value.param == "model"
    assert backend.completions == []


async def test_models_are_listed_where_the_agents_cannot_be_looked_for(tmp_path: Path) -> None:
    agent(tmp_path)
    agents = agents_in(tmp_path)
    await agents.aclose()
    models = AgentModels(shelf(), agents, default_model="demo", most=50)
    assert [card.name for card in await models.models()] == ["demo:latest", "big:latest"]
    assert isinstance(await refused(models), ToolsUnavailable)
