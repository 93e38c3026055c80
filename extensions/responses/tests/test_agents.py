"""Agents answer here, too."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from extensions.agents.models import AgentModels
from extensions.agents.tests.folders import agent
from extensions.agents.tests.jotting import Jotting, agents_of
from extensions.chat.tests.talking import Rounds, calls
from extensions.chat.tests.talking import said as saying
from extensions.responses.tests.serving import said, serving, told
from gateway.core.errors import ModelNotFound
from gateway.core.events import Batch
from gateway.core.models import ModelDetails
from gateway.core.requests import ChatRequest
from gateway.testing import ScriptedBackend
from gateway.tests.response_streams import judged
from gateway.tests.sdk_types import judge_response

SKILL = """\
---
description: Keeps notes.
tool_policies: jot: never_confirm
---
You are a scribe.
"""
WORK = (saying("I will ", "jot."), calls(("jot", {"text": "4"})), saying("It ", "is noted."))
THOUGHT = """\
I will jot.

Tool call: jot({"text": "4"})
Tool result (jot): stored
"""


class Lacking(Rounds):
    """A backend that has no agents."""

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        if request.model.startswith("agent/"):
            return ScriptedBackend(ModelNotFound(request.model)).chat(request)
        return super().chat(request)

    async def show(self, model: str) -> ModelDetails:
        if model.startswith("agent/"):
            raise ModelNotFound(model)
        return await super().show(model)


async def test_the_plan_and_the_steps_are_reasoning_and_a_chain_has_what_was_seen(
    tmp_path: Path,
) -> None:
    agent(tmp_path / "agents", skill=SKILL)
    backend = Rounds(*WORK, *WORK)
    agents = agents_of(tmp_path / "agents", Jotting(tmp_path / "agents"))
    models = AgentModels(backend, agents, default_model="demo", most=50)
    async with serving(tmp_path / "responses", models) as gateway:
        made = await gateway.made(model="agent/scribe", input="Note the 4th")
        judge_response(made)
        reasoning, message = made["output"]
        assert (reasoning["type"], message["type"]) == ("reasoning", "message")
        assert reasoning["content"] == [{"type": "reasoning_text", "text": THOUGHT}]
        assert said(made) == "It is noted."
        following = {"previous_response_id": made["id"], "input": "And the 5th", "stream": True}
        answer = await gateway.post(model="agent/scribe", **following)
        assert said(judged(answer.content)[-1]["response"]) == "It is noted."
        asked = told(backend.requests[-1].messages)
        assert "Note the 4th" in asked
        assert "It is noted." in asked
        assert asked.count("stored") == 1


@pytest.mark.parametrize("path", ["/input_tokens", "/compact"])
async def test_what_an_agent_cannot_do_is_refused_by_its_name(tmp_path: Path, path: str) -> None:
    agent(tmp_path / "agents", skill=SKILL)
    plain = Lacking(*WORK)
    agents = agents_of(tmp_path / "agents", Jotting(tmp_path / "agents"))
    models = AgentModels(plain, agents, default_model="demo", most=50)
    async with serving(tmp_path / "responses", models, models=plain) as gateway:
        for effort in ({}, {"reasoning": {"effort": "high"}}):
            refused = await gateway.post(path, model="agent/scribe", **effort)
            error = refused.json()["error"]
            assert (refused.status_code, error["param"]) == (400, "model")
            assert error["code"] == "unsupported_value"
            assert "is an agent" in error["message"]
            unknown = await gateway.post(path, model="agent/nobody", **effort)
            assert (unknown.status_code, unknown.json()["error"]["param"]) == (404, "model")
