"""Agents answer here, too."""

from pathlib import Path

from extensions.agents.models import AgentModels
from extensions.agents.tests.folders import agent
from extensions.agents.tests.jotting import Jotting, agents_of
from extensions.chat.tests.talking import Rounds, calls
from extensions.chat.tests.talking import said as saying
from extensions.responses.tests.serving import said, serving, told
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
